//! What an orchestrator and Prometheus ask a process, answered from the first moment to the last.
use std::{
    fmt,
    sync::{Arc, OnceLock},
};

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
        }
    }

    /// There is something to bring up to date from here on. Only the first call counts.
    pub fn refresh_by(&self, refresh: Refresh) {
        // A process builds what it runs once.
        let _ = self.refresh.set(refresh);
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
