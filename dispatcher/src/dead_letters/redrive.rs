//! Puts back what was given up.
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use minilab_protos::job::{Hint, Job, Via};
use minilab_queue::{Outgoing, Queue};
use minilab_recipe::{Decision, Document};
use minilab_record::FailureRecord;
use minilab_telemetry::{Label as _, Producer};
use ulid::Ulid;

use crate::{Error, STORE_OF_ORIGINALS, queue_name};

/// Makes jobs of failure records.
#[derive(Debug)]
pub struct Redrive {
    document: Arc<Document>,
    revision: u64,
    queue: Arc<dyn Queue>,
}

impl Redrive {
    /// Jobs for workers of this configuration revision or a later one.
    pub fn new(document: Arc<Document>, revision: u64, queue: Arc<dyn Queue>) -> Self {
        Self {
            document,
            revision,
            queue,
        }
    }

    /// Sends a new job for the lane that failed: its counters start again, and it says that it was put back, so the lane is
    /// made although nothing has changed. The failure record stays until a success clears it. Confirmed when it answers.
    ///
    /// It coalesces with nothing: a job of the key that waits already would absorb it, and does not say so.
    pub async fn put_back(&self, failure: &FailureRecord, now: SystemTime) -> Result<(), Error> {
        let job = self.job(failure, now);
        let payload = serde_json::to_vec(&job).expect("a job is plain strings and numbers");
        let message = Outgoing {
            group: Some(job.tenant).filter(|tenant| !tenant.is_empty()),
            ..Outgoing::new(queue_name(failure.lane), payload)
        };
        Ok(self.queue.send(vec![message]).await?)
    }

    fn job(&self, failure: &FailureRecord, now: SystemTime) -> Job {
        let tenant = match self.document.decide(&failure.key) {
            Decision::Recipe { tenant, .. } => tenant,
            Decision::Nothing => None,
        };
        Job {
            v: 1,
            id: Ulid::from_datetime(now).to_string(),
            store: STORE_OF_ORIGINALS.to_owned(),
            key: failure.key.clone(),
            hint: Some(Hint {
                producer: Producer::Operator.as_str().to_owned(),
                ..Hint::default()
            }),
            lane: failure.lane.as_str().to_owned(),
            via: Via::Live.into(),
            tenant: tenant.unwrap_or_default(),
            min_rev: self.revision,
            redrives: failure.redrives + 1,
            first_seen_ms: u64::try_from(failure.first_seen.as_millisecond()).unwrap_or(0),
            enqueued_at_ms: now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64,
            ..Job::default()
        }
    }
}
