//! Records in the state store: loaded, swapped by compare-and-swap, listed in the order of their originals.
use std::{sync::Arc, time::SystemTime};

use futures::{Stream, TryStreamExt as _};
use minilab_store::{ETag, Key, ListRequest, Store};

use crate::{
    Error, Record,
    objects::{self, Form},
};

/// Longest key of an original: with the prefixes of state and of files it stays under the 1,024 bytes of a store.
pub const KEY_BYTES_MAX: usize = 900;

const PREFIX: &str = "records/";
const FORM: Form = Form {
    what: "a record",
    known: 1,
};

/// All records of one installation.
#[derive(Debug, Clone)]
pub struct Records {
    state: Arc<dyn Store>,
}

/// What was there when it was read; the base of the next swap.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// The record, if any.
    pub record: Option<Record>,
    /// Its version; `None` exactly if there is no record.
    pub etag: Option<ETag>,
}

/// How a swap ended.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one per attempt, moved at once into the next base"
)]
pub enum Swap {
    /// The record is written; the base of a further swap.
    Swapped(Loaded),
    /// Somebody else wrote it first; nothing was written.
    Lost,
}

/// One record of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Key of the original.
    pub key: String,
    /// When the record was last swapped, by the store's clock.
    pub modified: SystemTime,
    /// The record's version.
    pub etag: ETag,
}

impl Records {
    /// Records in `state`, which must have passed [`minilab_store::probe_conditional_put`].
    pub fn new(state: Arc<dyn Store>) -> Self {
        Self { state }
    }

    /// Reads the record of the original `key`.
    pub async fn load(&self, key: &str) -> Result<Loaded, Error> {
        let found = objects::get(&*self.state, &object_key(key)?, FORM).await?;
        let (record, etag) = found.unzip();
        Ok(Loaded { record, etag })
    }

    /// Writes `next` if the record is still the one that was loaded. One conditional PUT, never retried.
    ///
    /// On an error with [`Error::is_ambiguous`], and when the future is dropped before its end, the write may have
    /// happened or may still happen.
    pub async fn swap(&self, loaded: &Loaded, next: &Record) -> Result<Swap, Error> {
        let written =
            objects::swap(&*self.state, &object_key(&next.key)?, loaded.etag.as_ref(), next).await?;
        Ok(written.map_or(Swap::Lost, |etag| {
            Swap::Swapped(Loaded {
                record: Some(next.clone()),
                etag: Some(etag),
            })
        }))
    }

    /// Records of originals after `after`, in the byte order of the originals' keys. Ends after the first error.
    pub fn list(&self, after: Option<&str>) -> impl Stream<Item = Result<Listed, Error>> + Send + use<> {
        let state = Arc::clone(&self.state);
        let first = ListRequest {
            prefix: PREFIX.to_owned(),
            after: after.map(|key| format!("{PREFIX}{key}")),
            ..ListRequest::default()
        };
        futures::stream::try_unfold(Some(first), move |request| {
            let state = Arc::clone(&state);
            async move {
                let Some(request) = request else {
                    return Ok::<_, Error>(None);
                };
                let page = state.list(request.clone()).await?;
                let rest = page.next.map(|next| ListRequest {
                    after: Some(next),
                    ..request
                });
                Ok(Some((
                    futures::stream::iter(page.objects.into_iter().map(|o| Ok(listed(o)))),
                    rest,
                )))
            }
        })
        .try_flatten()
    }
}

fn listed(object: minilab_store::Listed) -> Listed {
    let key = object.key.as_str();
    Listed {
        key: key.strip_prefix(PREFIX).unwrap_or(key).to_owned(),
        modified: object.modified,
        etag: object.etag,
    }
}

/// The prefix alone keeps the originals' order; nothing is escaped.
fn object_key(original: &str) -> Result<Key, Error> {
    if original.len() > KEY_BYTES_MAX {
        let begins = original.chars().take(80).collect();
        return Err(Error::KeyTooLong {
            bytes: original.len(),
            begins,
        });
    }
    if original.is_empty() {
        return Err(Error::KeyInvalid {
            key: String::new(),
            cause: minilab_store::InvalidKey::Empty,
        });
    }
    let key = format!("{PREFIX}{original}");
    Key::new(&*key).map_err(|cause| Error::KeyInvalid { key, cause })
}

#[cfg(test)]
mod tests;
