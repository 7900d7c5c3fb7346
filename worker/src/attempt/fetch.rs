//! Steps 2 and 5: what the original is now, and exactly those bytes in a memory file.
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use futures::TryStreamExt as _;
use minilab_failpoint::reached;
use minilab_protos::job::{Hint, Job};
use minilab_recipe::FOCAL;
use minilab_record::{Record, Said, Seen};
use minilab_store::{GetOptions, Head, Key, Sha256, Store};
use sha2::Digest as _;

use crate::{Error, pool::OriginalWriter, renderer::OriginalFile};

/// Some stores announce an object a little before they show it.
const APPEARS_WITHIN: Duration = Duration::from_mins(2);

/// HEAD of the original; `None` is absence and nothing else is.
pub(super) async fn look(originals: &dyn Store, key: &Key, reading: &Reading) -> Result<Option<Seen>, Error> {
    let head = match originals.head(key).await {
        Ok(head) => head,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(Error::Originals(error)),
    };
    if !reading.tags || reading.names.is_empty() {
        return Ok(Some(seen(head, BTreeMap::new(), reading)));
    }
    match originals.tags(key).await {
        Ok(tags) => Ok(Some(seen(head, tags, reading))),
        // Removed since.
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(Error::Originals(error)),
    }
}

/// What is read beside an original's bytes.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Names of metadata, sorted.
    pub names: Vec<String>,
    /// And tags of these names, where there is no such metadata.
    pub tags: bool,
}

fn seen(head: Head, tags: BTreeMap<String, String>, reading: &Reading) -> Seen {
    let mut reads = tags;
    reads.extend(head.metadata);
    reads.retain(|name, _| reading.names.binary_search(name).is_ok());
    Seen {
        etag: head.etag,
        size_bytes: head.size_bytes,
        version_id: head.version_id,
        reads,
        said: None,
    }
}

/// What jobs have said of the upload that was seen: the latest word, of this job or an earlier one, stands in place of what
/// the store keeps beside it. A word about another upload is none.
pub(super) fn listen(mut seen: Seen, job: &Job, record: Option<&Record>, reading: &Reading) -> Seen {
    let about_this = |etag: &str| etag.is_empty() || etag == seen.etag.0;
    let hinted = job.hint.as_ref().map_or("", |hint| hint.etag.as_str());
    let now = job.said.as_ref().filter(|_| about_this(hinted)).map(|said| Said {
        focal: said.focal.clone(),
        at_ms: said.at_ms,
    });
    let known = record.and_then(|record| record.observation.as_ref());
    let before = known
        .filter(|known| known.etag == seen.etag)
        .and_then(|known| known.said.clone());
    let said = before.into_iter().chain(now).max_by_key(|said| said.at_ms);
    if let Some(said) = &said
        && !said.focal.is_empty()
        && reading.names.iter().any(|name| name == FOCAL)
    {
        seen.reads.insert(FOCAL.to_owned(), said.focal.clone());
    }
    seen.said = said;
    seen
}

/// Was the upload announced so shortly ago that its absence proves nothing? An upload that the record knows has been
/// there, so it is gone.
pub(super) fn may_yet_appear(job: &Job, record: Option<&Record>, now: SystemTime) -> bool {
    let Some(Hint {
        etag, event_time_ms, ..
    }) = &job.hint
    else {
        return false;
    };
    // Only an upload has an ETag; a deletion's event has none.
    let is_known = record
        .and_then(|record| record.observation.as_ref())
        .is_some_and(|known| known.etag.0 == *etag);
    let announced = UNIX_EPOCH + Duration::from_millis(*event_time_ms);
    let is_fresh = now
        .duration_since(announced)
        .is_ok_and(|age| age < APPEARS_WITHIN);
    !etag.is_empty() && !is_known && is_fresh
}

/// What step 5 came to.
pub(super) enum Fetched {
    /// The upload that was seen, whole.
    Whole(OriginalFile, Sha256),
    /// Another upload is there by now, or none.
    Changed,
}

/// Reads the upload that was seen, and no other, hashing it on the way. Its size is within the recipe's limit. Where the store
/// keeps a digest that it was put with, other bytes are an error: they have changed on the way, or in the store. Its first bytes
/// are shown to `announce` while the others are on their way.
pub(super) async fn fetch(
    originals: &dyn Store,
    key: &Key,
    seen: &Seen,
    announce: impl Fn(&[u8]),
) -> Result<Fetched, Error> {
    let options = GetOptions {
        if_match: Some(seen.etag.clone()),
    };
    let mut object = match originals.get(key, options).await {
        Ok(object) => object,
        Err(minilab_store::Error::Precondition { .. } | minilab_store::Error::NotFound { .. }) => {
            return Ok(Fetched::Changed);
        }
        Err(error) => return Err(Error::Originals(error)),
    };
    reached("step5_original_opened");
    let memory = |cause| Error::Memory {
        key: key.to_string(),
        cause,
    };
    let mut writer = OriginalWriter::create().map_err(memory)?;
    let mut hash = sha2::Sha256::new();
    while let Some(chunk) = object.body.try_next().await.map_err(Error::Originals)? {
        if writer.size_bytes() + chunk.len() as u64 > seen.size_bytes {
            // Longer than this version was said to be: it is not this version, whatever the store says.
            return Ok(Fetched::Changed);
        }
        if writer.size_bytes() == 0 {
            announce(&chunk);
        }
        hash.update(&chunk);
        writer.write_all(&chunk).map_err(memory)?;
    }
    let (digest, announced) = (Sha256(hash.finalize().into()), object.head.sha256);
    if let Some(announced) = announced.filter(|announced| *announced != digest) {
        return Err(Error::Originals(garbled(originals, key, announced)));
    }
    let file = writer.finish().map_err(memory)?;
    reached("step5_original_read");
    Ok(Fetched::Whole(file, digest))
}

fn garbled(originals: &dyn Store, key: &Key, announced: Sha256) -> minilab_store::Error {
    minilab_store::Error::Io {
        store: originals.name().to_owned(),
        operation: "get",
        key: key.clone(),
        cause: std::io::Error::new(
            std::io::ErrorKind::InvalidData,
            format!("the bytes are not those with the SHA-256 {announced} that the original was put with"),
        ),
    }
}
