//! Sweep: deletes files whose time of grace is over. The only code that removes bytes of derivatives.
//!
//! First the record forgets the keys, by compare-and-swap, then the objects are deleted: a crash between leaves bytes that
//! nobody names, never a name without bytes.
mod listing;
mod original;
mod rounds;
mod walk;
mod way;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use minilab_record::Records;
use minilab_store::Store;
use minilab_telemetry::{Metrics, PassMode};
use tokio_util::sync::CancellationToken;

pub(crate) use self::rounds::SweepRounds;
use self::walk::Walk;
pub use self::way::{SweepReport, SweepWay};
use crate::{Brake, Error, Tenure};

/// How long files that are no longer wanted stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SweepConfig {
    /// Pages, mails and search caches keep URLs for weeks.
    pub retain: Duration,
}

impl Default for SweepConfig {
    fn default() -> Self {
        Self {
            retain: Duration::from_hours(30 * 24),
        }
    }
}

/// What a sweep may do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reach {
    /// Delete, as far as the brake lets it: from so many of the originals it sees.
    Delete(Brake),
    /// Count what would be deleted.
    Count,
}

/// Deletes what is over.
#[derive(Debug, Clone)]
pub struct Sweep {
    records: Records,
    outputs: Arc<dyn Store>,
    metrics: Arc<Metrics>,
    config: SweepConfig,
}

impl Sweep {
    /// Deletes in `outputs` what `records` have let go.
    pub fn new(
        records: Records,
        outputs: Arc<dyn Store>,
        metrics: Arc<Metrics>,
        config: SweepConfig,
    ) -> Self {
        Self {
            records,
            outputs,
            metrics,
            config,
        }
    }

    /// Makes one pass over the records as of `now`: what they have let go, and all that lies under tombstones.
    pub async fn run_once(&self, now: Timestamp, drain: &CancellationToken) -> Result<SweepReport, Error> {
        self.run_untold(PassMode::Incremental, now, drain).await
    }

    /// The same, and then over all files that are stored: what no record ever named. Lists the whole store.
    pub async fn run_full(&self, now: Timestamp, drain: &CancellationToken) -> Result<SweepReport, Error> {
        self.run_untold(PassMode::Full, now, drain).await
    }

    async fn run_untold(
        &self,
        mode: PassMode,
        now: Timestamp,
        drain: &CancellationToken,
    ) -> Result<SweepReport, Error> {
        let mut tenure = Tenure::untold(mode, now);
        self.run(Reach::Delete(Brake::default()), &mut tenure, now, drain)
            .await
    }

    /// Makes the pass of this tenure, or goes on with it. After an error the same tenure goes on from what was noted last.
    pub async fn run(
        &self,
        reach: Reach,
        tenure: &mut Tenure<SweepWay>,
        now: Timestamp,
        drain: &CancellationToken,
    ) -> Result<SweepReport, Error> {
        Walk::new(self, reach, tenure, now, drain).run().await
    }
}
