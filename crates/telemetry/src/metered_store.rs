//! A store whose calls are counted and timed.
use std::{collections::BTreeMap, sync::Arc, time::Instant};

use async_trait::async_trait;
use bytes::Bytes;
use minilab_store::{ETag, Error, GetOptions, Head, Key, ListRequest, Object, Page, PutOptions, Store};

use crate::{
    labels::{StoreOperation, StoreResult, StoreRole},
    metrics::StoreMetrics,
};

/// Wraps a store; changes nothing but the metrics.
#[derive(Debug)]
pub struct MeteredStore {
    inner: Arc<dyn Store>,
    role: StoreRole,
    metrics: StoreMetrics,
}

impl MeteredStore {
    /// Counts the calls of `inner` under the role it plays.
    pub fn new(inner: Arc<dyn Store>, role: StoreRole, metrics: &StoreMetrics) -> Self {
        Self {
            inner,
            role,
            metrics: metrics.clone(),
        }
    }

    async fn metered<T>(
        &self,
        operation: StoreOperation,
        call: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let answer = call.await;
        self.metrics
            .store_request_duration_seconds
            .observe((self.role, operation), begun.elapsed());
        self.metrics
            .store_requests_total
            .inc((self.role, operation, result(&answer)));
        answer
    }
}

fn result<T>(answer: &Result<T, Error>) -> StoreResult {
    match answer {
        Ok(_) => StoreResult::Ok,
        Err(Error::NotFound { .. }) => StoreResult::NotFound,
        Err(Error::Precondition { .. }) => StoreResult::Precondition,
        Err(Error::Denied { .. }) => StoreResult::Denied,
        Err(Error::Unavailable { .. } | Error::Unusable { .. }) => StoreResult::Unavailable,
        Err(_) => StoreResult::Failed,
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a method left to its default would escape the metrics"
)]
#[async_trait]
impl Store for MeteredStore {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn get(&self, key: &Key, options: GetOptions) -> Result<Object, Error> {
        self.metered(StoreOperation::Get, self.inner.get(key, options))
            .await
    }

    async fn head(&self, key: &Key) -> Result<Head, Error> {
        self.metered(StoreOperation::Head, self.inner.head(key)).await
    }

    async fn tags(&self, key: &Key) -> Result<BTreeMap<String, String>, Error> {
        self.metered(StoreOperation::Tags, self.inner.tags(key)).await
    }

    async fn put(&self, key: &Key, body: Bytes, options: PutOptions) -> Result<ETag, Error> {
        self.metered(StoreOperation::Put, self.inner.put(key, body, options))
            .await
    }

    async fn list(&self, request: ListRequest) -> Result<Page, Error> {
        self.metered(StoreOperation::List, self.inner.list(request)).await
    }

    async fn delete(&self, key: &Key) -> Result<(), Error> {
        self.metered(StoreOperation::Delete, self.inner.delete(key)).await
    }
}

#[cfg(test)]
mod tests {
    use minilab_store::Memory;

    use super::*;
    use crate::Metrics;

    #[tokio::test]
    async fn calls_are_counted_by_role_operation_and_result() {
        let metrics = Metrics::new("test");
        let store = MeteredStore::new(Arc::new(Memory::new()), StoreRole::State, &metrics.store);
        let key = Key::new("a").unwrap();
        assert!(store.head(&key).await.unwrap_err().is_not_found());
        store
            .put(&key, Bytes::from_static(b"x"), PutOptions::default())
            .await
            .unwrap();
        let count = |operation, result| {
            metrics
                .store
                .store_requests_total
                .get((StoreRole::State, operation, result))
        };
        assert_eq!(count(StoreOperation::Head, StoreResult::NotFound), 1);
        assert_eq!(count(StoreOperation::Put, StoreResult::Ok), 1);
        let put = (StoreRole::State, StoreOperation::Put);
        assert_eq!(metrics.store.store_request_duration_seconds.count(put), 1);
    }
}
