//! What every attempt of a worker works with.
use std::sync::Arc;

use jiff::Timestamp;
use minilab_protos::job::Job;
use minilab_queue::{Clock, Queue};
use minilab_recipe::{Document, Lane};
use minilab_record::{FailureEntry, FailureRecord, Failures, Projector, Records};
use minilab_store::Store;

use crate::{renderer::Renderer, worker::Lanes};

/// Shared by all attempts, changed by none.
#[derive(Debug)]
pub(crate) struct World {
    pub document: Arc<Document>,
    pub revision: u64,
    pub originals: Arc<dyn Store>,
    pub output: Arc<dyn Store>,
    pub state: Arc<dyn Store>,
    pub records: Records,
    pub projector: Projector,
    pub failures: Failures,
    pub queue: Arc<dyn Queue>,
    pub renderer: Arc<dyn Renderer>,
    pub clock: Arc<dyn Clock>,
    pub lanes: Lanes,
}

impl World {
    /// The time, for records.
    pub fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock.now()).expect("the clock shows a year below 9999")
    }

    /// What operators are told of a lane that is not what its recipe asks.
    pub fn failure_record(&self, job: &Job, lane: Lane, entry: &FailureEntry) -> FailureRecord {
        let at = self.now();
        let first_seen = i64::try_from(job.first_seen_ms).ok().filter(|ms| *ms > 0);
        FailureRecord {
            v: 1,
            key: job.key.clone(),
            lane,
            class: entry.class.clone(),
            code: entry.code.clone(),
            sentence: entry.sentence.clone(),
            attempts: job.attempt + job.crashes,
            engine: self.renderer.engine().build_id.clone(),
            first_seen: first_seen
                .and_then(|ms| Timestamp::from_millisecond(ms).ok())
                .unwrap_or(at),
            at,
        }
    }
}
