//! What an orchestrator and Prometheus ask a process, answered from the first moment to the last.
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use minilab_scaling::Waiting;
use minilab_telemetry::Metrics;

use crate::readiness::Readiness;

/// Brings gauges up to date before they are read.
pub type Refresh = Box<dyn Fn(&Metrics) + Send + Sync>;

/// Readiness and metrics of one process.
pub struct Probes {
    /// Why it is not ready.
    pub readiness: Readiness,
    metrics: Arc<Metrics>,
    refresh: OnceLock<Refresh>,
    waiting: OnceLock<Arc<Waiting>>,
}

impl fmt::Debug for Probes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Probes")
            .field("readiness", &self.readiness)
            .finish_non_exhaustive()
    }
}

impl Probes {
    /// Answers for a process that has these metrics.
    pub fn new(metrics: Arc<Metrics>, readiness: Readiness) -> Self {
        Self {
            readiness,
            metrics,
            refresh: OnceLock::new(),
            waiting: OnceLock::new(),
        }
    }

    /// There is something to bring up to date from here on. Only the first call counts.
    pub fn refresh_by(&self, refresh: Refresh) {
        // A process builds what it runs once.
        let _ = self.refresh.set(refresh);
    }

    /// It can tell how much work waits, from here on. Only the first call counts.
    pub fn tells_waiting(&self, waiting: Arc<Waiting>) {
        // A process builds what it runs once.
        let _ = self.waiting.set(waiting);
    }

    /// Who tells how much work waits; `None` in a process that does not, or not yet.
    pub fn waiting(&self) -> Option<&Arc<Waiting>> {
        self.waiting.get()
    }

    /// All metrics in Prometheus' text format.
    pub fn scrape(&self) -> String {
        if let Some(refresh) = self.refresh.get() {
            refresh(&self.metrics);
        }
        let ready = self.readiness.look().ready;
        self.metrics.process.ready.set((), i64::from(ready));
        self.metrics.render()
    }
}
