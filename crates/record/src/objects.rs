//! Small JSON objects in the state store: read whole, written once per call, never retried here.
use minilab_store::{Condition, ETag, Key, PutOptions, Sha256, Store, StoreExt as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::Error;

/// A record names at most a few thousand files of about half a kilobyte; more is not a record.
const OBJECT_BYTES_MAX: usize = 16 << 20;

/// What kind of object, for errors, and the last version of its form that this build reads.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// `a record`, `a configuration revision`, ...
    pub what: &'static str,
    /// The last version.
    pub known: u32,
}

/// The part that every later form keeps.
#[derive(Deserialize)]
struct Version {
    v: u64,
}

/// Reads an object; `None` if there is none.
pub async fn get<T: DeserializeOwned>(
    store: &dyn Store,
    key: &Key,
    form: Form,
) -> Result<Option<(T, ETag)>, Error> {
    let (head, body) = match store.get_bytes(key, OBJECT_BYTES_MAX).await {
        Ok(found) => found,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let unreadable = |cause| Error::Unreadable {
        store: store.name().to_owned(),
        key: key.clone(),
        what: form.what,
        cause,
    };
    // The version first: a later form may lack what this build demands.
    let found = serde_json::from_slice::<Version>(&body).map_err(unreadable)?.v;
    if found > u64::from(form.known) {
        let (store, key) = (store.name().to_owned(), key.clone());
        return Err(Error::NewerForm {
            store,
            key,
            what: form.what,
            found,
            known: form.known,
        });
    }
    let value = serde_json::from_slice(&body).map_err(unreadable)?;
    Ok(Some((value, head.etag)))
}

/// Writes an object if `expected` (`None`: nothing) is what is there; `None` if it is not. The value must serialise as an
/// object with a version `v`.
pub async fn swap<T: Serialize + Sync>(
    store: &dyn Store,
    key: &Key,
    expected: Option<&ETag>,
    value: &T,
) -> Result<Option<ETag>, Error> {
    let condition = expected.map_or(Condition::Absent, |etag| Condition::Match(etag.clone()));
    match put(store, key, condition, value).await {
        Ok(etag) => Ok(Some(etag)),
        Err(minilab_store::Error::Precondition { .. }) => Ok(None),
        Err(cause) if outcome_unknown(&cause) => Err(Error::Ambiguous {
            key: key.clone(),
            cause,
        }),
        Err(cause) => Err(cause.into()),
    }
}

/// Writes an object whatever is there.
pub(crate) async fn put<T: Serialize + Sync>(
    store: &dyn Store,
    key: &Key,
    condition: Condition,
    value: &T,
) -> Result<ETag, minilab_store::Error> {
    let body = serde_json::to_vec(value).expect("state objects have string keys only");
    let options = PutOptions {
        condition,
        content_type: Some("application/json".to_owned()),
        sha256: Some(Sha256::of(&body)),
        ..PutOptions::default()
    };
    store.put(key, body.into(), options).await
}

/// Only answers that say that nothing was written are trusted to mean it.
fn outcome_unknown(error: &minilab_store::Error) -> bool {
    use minilab_store::Error as E;
    !matches!(
        error,
        E::NotFound { .. }
            | E::Precondition { .. }
            | E::Denied { .. }
            | E::Unavailable { .. }
            | E::Unusable { .. }
            | E::KeyRefused { .. }
            | E::Unsupported { .. }
            | E::NotOpened { .. }
    )
}
