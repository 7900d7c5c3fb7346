//! A store that fails as a test's script says: before a call takes effect, after it, or not until released.
mod script;

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;

pub use self::script::{Calls, Fault, Operation, Stall};
use self::script::{Effect, Script};
use crate::{ETag, Error, GetOptions, Head, Key, ListRequest, Object, Page, PutOptions, Store};

/// Wraps a store and fails by script. Clones share script and counts.
#[derive(Debug, Clone)]
pub struct Faulty {
    inner: Arc<dyn Store>,
    script: Arc<Script>,
}

impl Faulty {
    /// Fails nothing yet.
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            script: Arc::default(),
        }
    }

    /// Adds a fault. Of several that hit one call, the first added decides.
    pub fn fail(&self, calls: Calls, fault: Fault) {
        self.script.add(calls, Effect::Fault(fault));
    }

    /// Holds calls, before they take effect, until released.
    pub fn stall(&self, calls: Calls) -> Stall {
        self.script.stall(calls)
    }

    /// Forgets the script: from now on nothing fails. Held calls stay held.
    pub fn heal(&self) {
        self.script.clear();
    }

    /// How many calls of the operation there were under the prefix, failed ones included.
    pub fn count(&self, operation: Operation, prefix: &str) -> usize {
        self.script.count(operation, prefix)
    }

    /// The error of a call, if it fails before it takes effect.
    fn before(&self, fault: Option<Fault>, operation: Operation, key: &Key) -> Result<(), Error> {
        let (store, operation, key) = (self.name().to_owned(), operation.name(), key.clone());
        match fault {
            None | Some(Fault::LoseAnswer | Fault::CutBody | Fault::GarbleBody) => Ok(()),
            Some(Fault::Refuse) => Err(Error::Io {
                store,
                operation,
                key,
                cause: scripted(),
            }),
            Some(Fault::DiskFull) => Err(Error::Unavailable {
                store,
                operation,
                key,
                reason: "disk full".to_owned(),
            }),
            Some(Fault::Deny) => Err(Error::Denied {
                store,
                operation,
                key,
                cause: Some(scripted()),
            }),
        }
    }

    /// Replaces an answer that is lost on its way.
    fn after<T>(&self, fault: Option<Fault>, operation: Operation, key: &Key, answer: T) -> Result<T, Error> {
        if fault != Some(Fault::LoseAnswer) {
            return Ok(answer);
        }
        let (store, operation, key) = (self.name().to_owned(), operation.name(), key.clone());
        Err(Error::Io {
            store,
            operation,
            key,
            cause: scripted(),
        })
    }
}

/// As long as it was.
fn garbled(chunk: &Bytes) -> Bytes {
    chunk.iter().map(|byte| !byte).collect()
}

fn scripted() -> std::io::Error {
    std::io::Error::other("the test's script says so")
}

#[async_trait]
impl Store for Faulty {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error> {
        let fault = self.script.begin(Operation::Get, key.as_str()).await;
        self.before(fault, Operation::Get, key)?;
        let mut object = self.inner.get(key, options).await?;
        if fault == Some(Fault::CutBody) {
            let (store, key) = (self.name().to_owned(), key.clone());
            let cut = Error::Io {
                store,
                operation: Operation::Get.name(),
                key,
                cause: scripted(),
            };
            object.body = Box::pin(
                object
                    .body
                    .take(1)
                    .chain(futures::stream::once(async { Err(cut) })),
            );
        }
        if fault == Some(Fault::GarbleBody) {
            object.body = Box::pin(object.body.map(|chunk| chunk.map(|chunk| garbled(&chunk))));
        }
        self.after(fault, Operation::Get, key, object)
    }

    async fn head(&self, key: &Key) -> Result<Head, Error> {
        let fault = self.script.begin(Operation::Head, key.as_str()).await;
        self.before(fault, Operation::Head, key)?;
        let head = self.inner.head(key).await?;
        self.after(fault, Operation::Head, key, head)
    }

    async fn tags(&self, key: &Key) -> Result<BTreeMap<String, String>, Error> {
        let fault = self.script.begin(Operation::Tags, key.as_str()).await;
        self.before(fault, Operation::Tags, key)?;
        let tags = self.inner.tags(key).await?;
        self.after(fault, Operation::Tags, key, tags)
    }

    async fn put(&self, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Error> {
        let fault = self.script.begin(Operation::Put, key.as_str()).await;
        self.before(fault, Operation::Put, key)?;
        let etag = self.inner.put(key, body, options).await?;
        self.after(fault, Operation::Put, key, etag)
    }

    async fn list(&self, request: ListRequest) -> Result<Page, Error> {
        let at = Key::new(request.prefix.as_str())
            .or_else(|_| Key::new("/"))
            .expect("one byte is a key");
        let fault = self.script.begin(Operation::List, &request.prefix).await;
        self.before(fault, Operation::List, &at)?;
        let page = self.inner.list(request).await?;
        self.after(fault, Operation::List, &at, page)
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        let fault = self.script.begin(Operation::Delete, key.as_str()).await;
        self.before(fault, Operation::Delete, key)?;
        self.inner.delete(key).await?;
        self.after(fault, Operation::Delete, key, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Memory, StoreExt as _};

    fn world() -> (Faulty, Key) {
        (
            Faulty::new(Arc::new(Memory::new())),
            Key::new("records/a").unwrap(),
        )
    }

    async fn put(store: &Faulty, key: &Key) -> Result<ETag, Error> {
        store
            .put(key, Bytes::from_static(b"body"), PutOptions::default())
            .await
    }

    #[tokio::test]
    async fn refused_put_has_not_happened_and_lost_answer_has() {
        let (store, key) = world();
        store.fail(Calls::nth(Operation::Put, 1), Fault::Refuse);
        store.fail(Calls::nth(Operation::Put, 2), Fault::LoseAnswer);
        assert!(matches!(put(&store, &key).await, Err(Error::Io { .. })));
        assert!(store.head(&key).await.unwrap_err().is_not_found());
        assert!(matches!(put(&store, &key).await, Err(Error::Io { .. })));
        assert!(store.head(&key).await.is_ok());
        assert!(put(&store, &key).await.is_ok());
        assert_eq!(store.count(Operation::Put, "records/"), 3);
    }

    #[tokio::test]
    async fn fault_hits_only_its_prefix_until_healed() {
        let (store, key) = world();
        store.fail(Calls::every(Operation::Put).under("records/"), Fault::DiskFull);
        assert!(put(&store, &Key::new("files/a").unwrap()).await.is_ok());
        assert!(matches!(put(&store, &key).await, Err(Error::Unavailable { .. })));
        store.heal();
        assert!(put(&store, &key).await.is_ok());
    }

    #[tokio::test]
    async fn stalled_put_takes_effect_when_released() {
        let (store, key) = world();
        let stall = store.stall(Calls::nth(Operation::Put, 1));
        let writer = tokio::spawn({
            let (store, key) = (store.clone(), key.clone());
            async move { put(&store, &key).await }
        });
        stall.reached().await;
        assert!(store.head(&key).await.unwrap_err().is_not_found());
        stall.release();
        writer.await.unwrap().unwrap();
        assert!(store.head(&key).await.is_ok());
    }

    #[tokio::test]
    async fn cut_body_ends_in_an_error() {
        let (store, key) = world();
        put(&store, &key).await.unwrap();
        store.fail(Calls::nth(Operation::Get, 1), Fault::CutBody);
        assert!(store.get_bytes(&key, 100).await.is_err());
        assert!(store.get_bytes(&key, 100).await.is_ok());
    }
}
