//! Step 6, the part after rendering: a finished file is put once under its key, or what is there already is adopted.
use bytes::Bytes;
use minilab_failpoint::reached;
use minilab_recipe::PlannedFile;
use minilab_record::{DERIVATIVE_MARK, FILE_CACHE_CONTROL};
use minilab_store::{Again, Condition, Error as StoreError, Key, PutOptions, Sha256, Store, StoreExt as _};

use crate::Error;

/// Far above every file; bounds what is read to learn the digest of an object that was put without one.
const ADOPTED_BYTES_MAX: usize = 256 << 20;

/// What is stored under a file's key now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stored {
    pub bytes: u64,
    pub sha256: Sha256,
    pub adopted: bool,
}

/// Puts `body` unless something is there. The key holds fingerprint, engine build and lane generation, so what is there
/// is the same file, put by an attempt that went no further, or whose answer got lost.
pub(super) async fn store_file(
    output: &dyn Store,
    key: &Key,
    file: &PlannedFile,
    body: Bytes,
) -> Result<Stored, Error> {
    let (bytes, sha256) = (body.len() as u64, Sha256::of(&body));
    let options = PutOptions {
        condition: Condition::Absent,
        again: Again::Always,
        content_type: Some(file.encoding.format().media_type().to_owned()),
        cache_control: Some(FILE_CACHE_CONTROL.to_owned()),
        sha256: Some(sha256),
        metadata: [(DERIVATIVE_MARK.0.to_owned(), DERIVATIVE_MARK.1.to_owned())].into(),
    };
    reached("step6_before_put");
    let put = output.put(key, body, options).await;
    reached("step6_after_put");
    match put {
        Ok(_) => Ok(Stored {
            bytes,
            sha256,
            adopted: false,
        }),
        Err(StoreError::Precondition { .. }) => adopt(output, key).await,
        Err(error) => Err(error),
    }
    .map_err(Error::Output)
}

async fn adopt(output: &dyn Store, key: &Key) -> Result<Stored, StoreError> {
    let head = output.head(key).await?;
    let sha256 = match head.sha256 {
        Some(sha256) => sha256,
        None => Sha256::of(&output.get_bytes(key, ADOPTED_BYTES_MAX).await?.1),
    };
    Ok(Stored {
        bytes: head.size_bytes,
        sha256,
        adopted: true,
    })
}
