//! The contract, on the adapter in memory. Tokio's paused time is its time.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use minilab_queue::{
    Memory, Queue,
    conformance::{self, World},
};

struct InMemory(Arc<Memory>);

#[async_trait]
impl World for InMemory {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&self.0) as Arc<dyn Queue>
    }

    async fn advance(&self, by: Duration) {
        tokio::time::advance(by).await;
    }
}

macro_rules! suite {
    ($($promise:ident,)*) => {$(
        #[tokio::test(start_paused = true)]
        async fn $promise() {
            conformance::$promise(&InMemory(Arc::default())).await;
        }
    )*};
}

minilab_queue::conformance_tests!(suite);
minilab_queue::coalescing_tests!(suite);
