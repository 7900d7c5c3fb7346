//! Random histories: the adapters against a model that is a plain list of messages. What is checked after every step is
//! everything the port can see: who is handed out, with which mark, what settles, how deep the queues are.
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
#[path = "model/history.rs"]
mod history;
#[path = "model/reference.rs"]
mod reference;
#[path = "sqlite/folder.rs"]
mod sqlite_folder;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use minilab_queue::{Memory, Queue, conformance::World};
use proptest::{
    collection::vec,
    prelude::{ProptestConfig, Strategy},
    proptest,
};

use history::{Subject, live, live_or_restart, play};
use sqlite_folder::{Folder, Opened};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn memory_does_what_the_model_does(steps in vec(live(), 1..60)) {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(&mut InMemory(Arc::default()), &steps));
    }
}

proptest! {
    // Every step is a durable commit.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn sqlite_does_what_the_model_does_across_restarts(steps in vec(live_or_restart(), 1..60).boxed()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut subject = OnDisk(Some(Folder::new().open().await));
            play(&mut subject, &steps).await;
        });
    }
}

struct InMemory(Arc<Memory>);

#[async_trait]
impl Subject for InMemory {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&self.0) as Arc<dyn Queue>
    }

    async fn advance(&self, by: Duration) {
        tokio::time::advance(by).await;
    }

    async fn restart(&mut self) {
        unreachable!("its histories have no restarts: it forgets everything")
    }
}

/// Absent only while it is opened again.
struct OnDisk(Option<Opened>);

impl OnDisk {
    fn world(&self) -> &dyn World {
        self.0.as_ref().expect("it is open between steps")
    }
}

#[async_trait]
impl Subject for OnDisk {
    fn queue(&self) -> Arc<dyn Queue> {
        self.world().queue()
    }

    async fn advance(&self, by: Duration) {
        self.world().advance(by).await;
    }

    async fn restart(&mut self) {
        let opened = self.0.take().expect("it is open between steps");
        self.0 = Some(opened.reopen().await);
    }
}
