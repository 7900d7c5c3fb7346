//! Outboxes in the state store: read, changed by compare-and-swap, listed.
use std::sync::Arc;

use futures::{Stream, TryStreamExt as _};
use minilab_record::{
    Error, KEY_BYTES_MAX,
    objects::{self, Form},
};
use minilab_store::{InvalidKey, Key, Store, StoreExt as _};

use crate::{EMPTY_BYTES_MAX, Outbox};

const PREFIX: &str = "outbox/";
const FORM: Form = Form {
    what: "an outbox",
    known: 1,
};
/// Workers of three lanes and a few senders change one at the same time, each once or twice.
const TRIES: u32 = 10;

/// All outboxes of one installation.
#[derive(Debug, Clone)]
pub struct Outboxes {
    state: Arc<dyn Store>,
}

/// One outbox of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Key of the original.
    pub key: String,
    /// Is there something that was not taken yet?
    pub waits: bool,
}

impl Outboxes {
    /// Outboxes in `state`, which must have passed [`minilab_store::probe_conditional_put`].
    pub fn new(state: Arc<dyn Store>) -> Self {
        Self { state }
    }

    /// Reads an outbox; one that was never written is empty.
    pub async fn load(&self, target: &str, original: &str) -> Result<Outbox, Error> {
        let found = objects::get(&*self.state, &object(target, original)?, FORM).await?;
        Ok(found.map(|(outbox, _)| outbox).unwrap_or_default())
    }

    /// Changes an outbox, and answers it as it is then with what `change` came to. `change` is called again when somebody else
    /// was faster; what changes nothing is not written.
    pub async fn change<T>(
        &self,
        target: &str,
        original: &str,
        mut change: impl FnMut(&mut Outbox) -> T,
    ) -> Result<(Outbox, T), Error> {
        let key = object(target, original)?;
        for _ in 0..TRIES {
            let found = objects::get::<Outbox>(&*self.state, &key, FORM).await?;
            let (known, etag) = found.unzip();
            let known = known.unwrap_or_default();
            let mut next = known.clone();
            let came_to = change(&mut next);
            let written = next == known || {
                let swapped = objects::swap(&*self.state, &key, etag.as_ref(), &next).await?;
                swapped.is_some()
            };
            if written {
                return Ok((next, came_to));
            }
        }
        Err(Error::Contended { key, tries: TRIES })
    }

    /// The outboxes of a target for originals whose keys begin with `prefix`, in the order of the keys. Ends after the first
    /// error.
    pub fn list(&self, target: &str, prefix: &str) -> impl Stream<Item = Result<Listed, Error>> + Send + '_ {
        let home = home(target);
        self.state
            .list_all(&format!("{home}{prefix}"))
            .map_err(Error::from)
            .map_ok(move |listed| {
                let key = listed.key.as_str();
                Listed {
                    key: key.strip_prefix(&home).unwrap_or(key).to_owned(),
                    waits: listed.size_bytes > EMPTY_BYTES_MAX as u64,
                }
            })
    }
}

fn home(target: &str) -> String {
    format!("{PREFIX}{target}/")
}

/// With the longest key and the longest name of a target it stays under the 1,024 bytes of a store.
fn object(target: &str, original: &str) -> Result<Key, Error> {
    if original.len() > KEY_BYTES_MAX {
        return Err(Error::KeyTooLong {
            bytes: original.len(),
            begins: original.chars().take(80).collect(),
        });
    }
    let key = format!("{}{original}", home(target));
    if original.is_empty() {
        return Err(Error::KeyInvalid {
            key,
            cause: InvalidKey::Empty,
        });
    }
    Key::new(&*key).map_err(|cause| Error::KeyInvalid { key, cause })
}
