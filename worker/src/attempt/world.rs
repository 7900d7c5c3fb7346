//! What every attempt of a worker works with.
use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use minilab_notify::Notifier;
use minilab_protos::job::Job;
use minilab_queue::{Clock, Queue};
use minilab_recipe::{Document, Lane};
use minilab_record::{FailureEntry, FailureRecord, Failures, Projector, Records};
use minilab_store::Store;

use super::Trace;
use crate::{assets::Assets, renderer::Renderer, report::Work, worker::Lanes};

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
    pub notifier: Notifier,
    pub queue: Arc<dyn Queue>,
    pub assets: Assets,
    pub renderer: Arc<dyn Renderer>,
    pub clock: Arc<dyn Clock>,
    pub lanes: Lanes,
    /// Host and number of this process.
    pub process: String,
}

impl World {
    /// The time, for records.
    pub fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock.now()).expect("the clock shows a year below 9999")
    }

    /// What operators are told of a lane that is not what its recipe asks. The job's counters include the last run.
    pub fn failure_record(
        &self,
        job: &Job,
        lane: Lane,
        entry: &FailureEntry,
        trace: &Trace,
    ) -> FailureRecord {
        let at = self.now();
        let first_seen = i64::try_from(job.first_seen_ms).ok().filter(|ms| *ms > 0);
        FailureRecord {
            v: 1,
            key: job.key.clone(),
            lane,
            class: entry.class.clone(),
            code: entry.code.clone(),
            sentence: entry.sentence.clone(),
            stage: trace.blamed(),
            job: Some(job.id.clone()).filter(|id| !id.is_empty()),
            attempts: job.attempt,
            crashes: job.crashes,
            redrives: job.redrives,
            worker: Some(self.process.clone()),
            program: Some(env!("CARGO_PKG_VERSION").to_owned()),
            engine: self.renderer.engine().build_id.clone(),
            first_seen: first_seen
                .and_then(|ms| Timestamp::from_millisecond(ms).ok())
                .unwrap_or(at),
            at,
            spent_ms: spent(&trace.work()),
        }
    }
}

/// Parts that took no time were not come to.
fn spent(work: &Work) -> BTreeMap<String, u64> {
    let parts = [
        ("fetch", work.fetch),
        ("decode", work.decode),
        ("make", work.make),
    ];
    let took = parts.into_iter().filter(|(_, took)| !took.is_zero());
    took.map(|(part, took)| (part.to_owned(), took.as_millis() as u64))
        .collect()
}

/// Who this is to whoever looks for its log: in a container its host is the pod. Only told, so a system that does not say is
/// no error.
pub(crate) fn this_process() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("{}:{}", host.trim(), std::process::id())
}
