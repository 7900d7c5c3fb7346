//! Does a store keep its word on conditions? Asked once at start, of the store that holds the records.
//!
//! Some servers answer 200 to every conditional write, and some want entity tags without quotes. On such a store two
//! workers would overwrite each other's records without noticing, so it is refused before any work is done.
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use futures::TryStreamExt as _;

use crate::{Condition, ETag, Error, Key, PutOptions, Store, StoreExt as _};

const FIRST: &[u8] = b"written first";
const OTHER: &[u8] = b"written other";
const BODY_BYTES_MAX: usize = 64;
/// An object this old is of a process that died while it probed; a probe takes seconds at most.
const LEFT_AFTER: Duration = Duration::from_mins(1);

/// Proves with one object under `key_prefix` that [`Condition::Absent`] and [`Condition::Match`] are honoured.
///
/// The object is removed again, with those that dead processes left. [`Error::Unsupported`] says in a sentence what does not hold; any other error is the
/// store's own, for example missing permissions.
pub async fn probe_conditional_put(store: &dyn Store, key_prefix: &str) -> Result<(), Error> {
    let prefix = format!("{key_prefix}conditional-put-");
    let now = SystemTime::now();
    let number = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    let key = Key::new(format!("{prefix}{}-{number}", std::process::id())).map_err(|invalid| {
        refused(
            store,
            &format!("the prefix of the start-up probe is too long: {invalid}"),
        )
    })?;
    let verdict = probe(store, &key).await;
    let cleaned = store.delete(&key).await;
    verdict.and(cleaned)?;
    clear_left(store, &prefix, now).await
}

async fn clear_left(store: &dyn Store, prefix: &str, now: SystemTime) -> Result<(), Error> {
    let found: Vec<_> = store.list_all(prefix).try_collect().await?;
    for left in found {
        if now
            .duration_since(left.modified)
            .is_ok_and(|age| age >= LEFT_AFTER)
        {
            store.delete(&left.key).await?;
        }
    }
    Ok(())
}

async fn probe(store: &dyn Store, key: &Key) -> Result<(), Error> {
    let put = |body: &'static [u8], condition| {
        let options = PutOptions {
            condition,
            ..PutOptions::default()
        };
        store.put(key, Bytes::from_static(body), options)
    };
    let nobody = ETag("\"00000000000000000000000000000000\"".to_owned());

    let on_nothing = put(FIRST, Condition::Match(nobody.clone())).await;
    must_refuse(store, on_nothing, "If-Match on an absent object")?;
    let first = put(FIRST, Condition::Absent)
        .await
        .map_err(|e| must_accept(store, e, "If-None-Match: *"))?;
    must_refuse(
        store,
        put(OTHER, Condition::Absent).await,
        "If-None-Match: * on an object that exists",
    )?;
    must_refuse(
        store,
        put(OTHER, Condition::Match(nobody)).await,
        "If-Match with an unknown ETag",
    )?;
    must_hold(store, key, FIRST, &first).await?;

    let matching = Condition::Match(first.clone());
    let second = put(OTHER, matching.clone())
        .await
        .map_err(|e| must_accept(store, e, "If-Match"))?;
    if second == first {
        return Err(refused(store, "it gives two different contents the same version"));
    }
    must_refuse(
        store,
        put(FIRST, matching).await,
        "If-Match with the ETag of an older version",
    )?;
    must_hold(store, key, OTHER, &second).await
}

/// The refused write must also have changed nothing.
async fn must_hold(store: &dyn Store, key: &Key, body: &[u8], etag: &ETag) -> Result<(), Error> {
    let (head, found) = store.get_bytes(key, BODY_BYTES_MAX).await?;
    if found == body && head.etag == *etag {
        return Ok(());
    }
    Err(refused(
        store,
        "a read after a write answers another body or version than was written",
    ))
}

fn must_refuse(store: &dyn Store, answer: Result<ETag, Error>, what: &str) -> Result<(), Error> {
    match answer {
        Err(Error::Precondition { .. }) => Ok(()),
        Err(other) => Err(other),
        Ok(_) => Err(refused(
            store,
            &format!("it accepts a write that it must refuse: {what}"),
        )),
    }
}

fn must_accept(store: &dyn Store, error: Error, what: &str) -> Error {
    match error {
        Error::Precondition { .. } => {
            refused(store, &format!("it refuses a write that it must accept: {what}"))
        }
        other => other,
    }
}

fn refused(store: &dyn Store, reason: &str) -> Error {
    let reason =
        format!("conditional writes do not work, so it cannot hold state: {reason}; choose another store");
    Error::Unsupported {
        store: store.name().to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;

    use super::*;
    use crate::{GetOptions, Head, ListRequest, Memory, Object, Page};

    /// A server that answers 200 to everything.
    #[derive(Debug)]
    struct Careless(Memory);

    #[async_trait]
    impl Store for Careless {
        fn name(&self) -> &str {
            self.0.name()
        }
        async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error> {
            self.0.get(key, options).await
        }
        async fn head(&self, key: &Key) -> Result<Head, Error> {
            self.0.head(key).await
        }
        async fn tags(&self, key: &Key) -> Result<std::collections::BTreeMap<String, String>, Error> {
            self.0.tags(key).await
        }
        async fn put(&self, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Error> {
            self.0
                .put(
                    key,
                    body,
                    PutOptions {
                        condition: Condition::None,
                        ..options
                    },
                )
                .await
        }
        async fn list(&self, request: ListRequest) -> Result<Page, Error> {
            self.0.list(request).await
        }
        async fn delete(&self, key: &Key) -> Result<(), Error> {
            self.0.delete(key).await
        }
    }

    #[tokio::test]
    async fn honest_store_passes_and_is_left_empty() {
        let store = Memory::new();
        probe_conditional_put(&store, "probe/").await.unwrap();
        assert!(
            store
                .list(ListRequest::default())
                .await
                .unwrap()
                .objects
                .is_empty()
        );
    }

    #[tokio::test]
    async fn store_that_ignores_conditions_is_refused_in_a_sentence() {
        let store = Careless(Memory::new());
        let error = probe_conditional_put(&store, "probe/").await.unwrap_err();
        assert!(matches!(error, Error::Unsupported { .. }), "{error:?}");
        assert!(
            error.to_string().contains("If-Match on an absent object"),
            "{error}"
        );
        assert!(
            store
                .list(ListRequest::default())
                .await
                .unwrap()
                .objects
                .is_empty()
        );
    }
}
