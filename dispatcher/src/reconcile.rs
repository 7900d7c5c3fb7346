//! Reconcile: compares all originals with all records and enqueues what differs. This turns "almost always" into "always".
//!
//! A pass streams both listings; what it holds in memory is bounded. Its findings are hints like any other.
mod judge;
mod walk;
mod way;

use std::{sync::Arc, time::SystemTime};

use futures::{TryStreamExt as _, pin_mut};
use jiff::Timestamp;
use minilab_record::Records;
use minilab_store::Store;
use minilab_telemetry::{Finding, Label as _, Metrics, PassResult};
use tokio_util::sync::CancellationToken;

pub use self::way::ReconcileWay;
use self::{judge::Found, walk::Walk};
use crate::{
    Ended, Error, Jobs, Pass, ReconcileConfig, Report, Tenure,
    brake::{Held, Kind, Verdict},
};

/// Compares originals with records.
#[derive(Debug, Clone)]
pub struct Reconcile {
    originals: Arc<dyn Store>,
    records: Records,
    jobs: Arc<Jobs>,
    metrics: Arc<Metrics>,
    config: ReconcileConfig,
}

impl Reconcile {
    /// Enqueues through `jobs`.
    pub fn new(
        originals: Arc<dyn Store>,
        records: Records,
        jobs: Arc<Jobs>,
        metrics: Arc<Metrics>,
        config: ReconcileConfig,
    ) -> Self {
        Self {
            originals,
            records,
            jobs,
            metrics,
            config,
        }
    }

    /// Makes one pass that nobody else needs to know of. An error in a listing ends it with nothing held enqueued: half a
    /// listing deletes nothing.
    pub async fn run_once(&self, pass: &Pass, drain: &CancellationToken) -> Result<Report, Error> {
        let mut tenure = Tenure::untold(pass.mode, self.now());
        self.run(pass, &mut tenure, drain).await
    }

    /// Makes the pass of this tenure, or goes on with it. After an error the same tenure goes on from what was noted last.
    pub async fn run(
        &self,
        pass: &Pass,
        tenure: &mut Tenure<ReconcileWay>,
        drain: &CancellationToken,
    ) -> Result<Report, Error> {
        let walked = Walk::new(self, pass, tenure, drain).run().await;
        let result = walked
            .as_ref()
            .map_or(PassResult::Failed, |report| report.ended.result());
        let metrics = &self.metrics.dispatcher;
        metrics.reconcile_passes_total.inc((pass.mode, result));
        if let Ok(report) = &walked
            && matches!(report.ended, Ended::Complete | Ended::Braked)
        {
            for finding in Finding::ALL {
                metrics.reconcile_keys_total.add(*finding, report.count(*finding));
            }
        }
        walked
    }

    /// Looks as a pass does and sends nothing: what would be found, and how the brake would end it.
    pub async fn survey(&self, pass: &Pass, drain: &CancellationToken) -> Result<Report, Error> {
        let (mut report, mut held) = (Report::default(), Held::default());
        let found = self.found(pass, None);
        pin_mut!(found);
        while let Some(found) = found.try_next().await? {
            if drain.is_cancelled() {
                return Ok(report);
            }
            report.note(found.finding);
            if let Some(kind) = Kind::of(found.finding) {
                held.hold(&pass.brake, kind, ());
            }
        }
        report.ended = match held.verdict(&pass.brake, report.seen) {
            Verdict::Release(_) => Ended::Complete,
            Verdict::Stop { .. } => Ended::Braked,
        };
        Ok(report)
    }

    pub(crate) fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    pub(crate) fn now(&self) -> Timestamp {
        timestamp(self.jobs.now())
    }
}

pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp::try_from(time).expect("the clock is within jiff's ten thousand years")
}
