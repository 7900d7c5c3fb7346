//! Sweep: deletes files whose time of grace is over. The only code that removes bytes of derivatives.
//!
//! First the record forgets the keys, by compare-and-swap, then the objects are deleted: a crash between leaves bytes that
//! nobody names, never a name without bytes.
mod unnamed;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use futures::{TryStreamExt as _, pin_mut};
use jiff::Timestamp;
use minilab_recipe::is_file_key;
use minilab_record::{Record, Records, Swap, sweepable, swept};
use minilab_store::{Key, Store};
use minilab_telemetry::{Metrics, PassResult};
use tokio_util::sync::CancellationToken;

use crate::Error;

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

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SweepReport {
    /// Records read.
    pub records: u64,
    /// Files deleted that a record had kept through their time of grace.
    pub deleted: u64,
    /// Files deleted that no record named.
    pub leftovers: u64,
    /// Records that somebody else swapped meanwhile; the next pass sees them.
    pub moved_on: u64,
    /// Records that could not be swapped or read; logged, nothing of theirs was deleted.
    pub failed: u64,
}

impl SweepReport {
    /// One record must not keep the others from being swept; a lost store ends the pass.
    fn survive(&mut self, original: &str, ended: Result<(), Error>) -> Result<(), Error> {
        match ended {
            Err(Error::Record(error)) if !matches!(error, minilab_record::Error::Store(_)) => {
                self.failed += 1;
                tracing::error!(
                    original.key = %original.escape_debug(),
                    error = &error as &dyn std::error::Error,
                    "a record was not swept"
                );
                Ok(())
            }
            other => other,
        }
    }
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
        let mut report = SweepReport::default();
        let ended = self.pass(now, drain, &mut report).await;
        self.count(ended, report, drain)
    }

    /// The same, and then over all files that are stored: what no record ever named. Lists the whole store.
    pub async fn run_full(&self, now: Timestamp, drain: &CancellationToken) -> Result<SweepReport, Error> {
        let mut report = SweepReport::default();
        let ended = match self.pass(now, drain, &mut report).await {
            Ok(()) => self.walk(now, drain, &mut report).await,
            failed => failed,
        };
        self.count(ended, report, drain)
    }

    fn count(
        &self,
        ended: Result<(), Error>,
        report: SweepReport,
        drain: &CancellationToken,
    ) -> Result<SweepReport, Error> {
        let label = match &ended {
            Ok(()) if drain.is_cancelled() => PassResult::Stopped,
            Ok(()) => PassResult::Complete,
            Err(_) => PassResult::Failed,
        };
        let metrics = &self.metrics.dispatcher;
        metrics.sweep_passes_total.inc(label);
        metrics
            .sweep_files_total
            .add((), report.deleted + report.leftovers);
        ended.map(|()| report)
    }

    async fn pass(
        &self,
        now: Timestamp,
        drain: &CancellationToken,
        report: &mut SweepReport,
    ) -> Result<(), Error> {
        let listed = self.records.list(None);
        pin_mut!(listed);
        while let Some(listed) = listed.try_next().await? {
            if drain.is_cancelled() {
                return Ok(());
            }
            let ended = self.one(&listed.key, now, report).await;
            report.survive(&listed.key, ended)?;
        }
        Ok(())
    }

    async fn one(&self, original: &str, now: Timestamp, report: &mut SweepReport) -> Result<(), Error> {
        report.records += 1;
        let loaded = self.records.load(original).await?;
        let Some(record) = &loaded.record else {
            return Ok(());
        };
        let over = over(original, record, now, self.config.retain);
        let loaded = if over.is_empty() {
            loaded
        } else {
            match self.records.swap(&loaded, &swept(record, &over, now)).await? {
                Swap::Swapped(loaded) => loaded,
                Swap::Lost => {
                    report.moved_on += 1;
                    return Ok(());
                }
            }
        };
        for key in &over {
            self.delete(key).await?;
            report.deleted += 1;
        }
        match &loaded.record {
            Some(tombstone) if tombstone.observation.is_none() => {
                let files = self.old_files(original, now).await?;
                self.clear(tombstone, &loaded, files, now, report).await
            }
            _ => Ok(()),
        }
    }

    async fn delete(&self, key: &str) -> Result<(), Error> {
        let key = Key::new(key).map_err(|cause| minilab_record::Error::KeyInvalid {
            key: key.to_owned(),
            cause,
        })?;
        Ok(self.outputs.delete(&key).await?)
    }
}

/// Keys whose time is over, that lie where files lie, and that are not wanted again.
fn over(original: &str, record: &Record, now: Timestamp, retain: Duration) -> BTreeSet<String> {
    let wanted: BTreeSet<&str> = record.wanted_files().map(|file| file.key.as_str()).collect();
    let over = sweepable(record, now, retain)
        .into_iter()
        .map(|previous| previous.key);
    over.filter(|key| is_file_key(original, key) && !wanted.contains(key.as_str()))
        .collect()
}
