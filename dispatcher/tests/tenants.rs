//! Jobs travel in the group of their tenant, so that a broker that is fair between groups is fair between tenants.
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use jiff::Timestamp;
use minilab_dispatcher::{Change, Hint, Jobs, Redrive};
use minilab_protos::job::{Job, Via};
use minilab_queue::{
    Delivery, Depth, Disposition, Error, Limits, Memory, Outgoing, Queue, QueueName, Receipt, Settled,
    SystemClock,
};
use minilab_recipe::{Document, Lane};
use minilab_record::FailureRecord;
use minilab_store::Key;
use minilab_telemetry::{Metrics, Producer};

const DOCUMENT: &str = "\
version: 1
from: { folder: in }
to: { folder: out }
recipes: { one: { derivatives: { thumb: { resize: { width: 16 }, formats: [webp], lane: fast } } } }
rules: [ { match: { prefix: tenants/ }, tenant: '{segment:2}', recipe: one }, { recipe: one } ]
";

/// Keeps what is sent.
#[derive(Debug, Default)]
struct Recording {
    queue: Memory,
    sent: Mutex<Vec<Outgoing>>,
}

impl Recording {
    /// Group and tenant of the one that was sent last.
    fn last(&self) -> (Option<String>, String) {
        let sent = self.sent.lock().unwrap();
        let message = sent.last().unwrap();
        let job = Job::from_json_bytes(&message.payload).unwrap();
        (message.group.clone(), job.tenant)
    }
}

#[async_trait]
impl Queue for Recording {
    fn limits(&self) -> Limits {
        self.queue.limits()
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        self.sent.lock().unwrap().extend(messages);
        Ok(())
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        self.queue.receive(queue, max, wait).await
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        self.queue.extend(receipt).await
    }

    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
        self.queue.settle(receipt, disposition).await
    }

    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        self.queue.depth(queue).await
    }
}

#[tokio::test]
async fn jobs_of_events_of_passes_and_of_operators_are_of_the_group_of_their_tenant() {
    let document = Arc::new(Document::parse("minilab.yaml", DOCUMENT, &|_| None).unwrap());
    let queue = Arc::new(Recording::default());
    let sending = Arc::clone(&queue) as Arc<dyn Queue>;
    let (clock, metrics) = (Arc::new(SystemClock::default()), Arc::new(Metrics::new("test")));
    let jobs = Jobs::new(Arc::clone(&document), 1, Arc::clone(&sending), clock, metrics);
    let redrive = Redrive::new(document, 1, sending);
    for (key, tenant) in [("tenants/acme/a.jpg", Some("acme")), ("a.jpg", None)] {
        let expected = (tenant.map(str::to_owned), tenant.unwrap_or_default().to_owned());
        let hint = Hint {
            key: Key::new(key).unwrap(),
            change: Change::Uploaded,
            etag: None,
            version_id: None,
            size_bytes: None,
            event_time: None,
            producer: Producer::S3,
            focal: None,
        };
        for via in [Via::Live, Via::Backfill] {
            jobs.enqueue(std::slice::from_ref(&hint), via).await.unwrap();
            assert_eq!(queue.last(), expected, "{key} {via:?}");
        }
        redrive.put_back(&failure(key), SystemTime::now()).await.unwrap();
        assert_eq!(queue.last(), expected, "{key}, redriven");
    }
}

fn failure(key: &str) -> FailureRecord {
    let failure = serde_json::json!({
        "v": 1, "key": key, "lane": Lane::Fast, "class": "exhausted", "code": "timeout", "sentence": "it took too long",
        "attempts": 6, "engine": "", "first_seen": Timestamp::UNIX_EPOCH, "at": Timestamp::UNIX_EPOCH,
    });
    serde_json::from_value(failure).unwrap()
}
