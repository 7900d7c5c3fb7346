//! Sweep: deletes files whose time of grace is over. The only code that removes bytes of derivatives.
//!
//! First the record forgets the keys, by compare-and-swap, then the objects are deleted: a crash between leaves bytes that
//! nobody names, never a name without bytes.
use std::{
    collections::BTreeSet,
    sync::Arc,
    time::{Duration, SystemTime},
};

use futures::{TryStreamExt as _, pin_mut};
use jiff::Timestamp;
use minilab_recipe::is_file_key;
use minilab_record::{Loaded, Record, Records, Swap, named_keys, passed, sweepable, swept};
use minilab_store::{Key, ListRequest, Store};
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

    /// Makes one pass as of `now`.
    pub async fn run_once(&self, now: Timestamp, drain: &CancellationToken) -> Result<SweepReport, Error> {
        let mut report = SweepReport::default();
        let result = self.pass(now, drain, &mut report).await;
        let label = match &result {
            Ok(()) if drain.is_cancelled() => PassResult::Stopped,
            Ok(()) => PassResult::Complete,
            Err(_) => PassResult::Failed,
        };
        self.metrics.dispatcher.sweep_passes_total.inc(label);
        self.metrics
            .dispatcher
            .sweep_files_total
            .add((), report.deleted + report.leftovers);
        result.map(|()| report)
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
            match self.one(&listed.key, now, report).await {
                Ok(()) => {}
                // One record must not keep the others from being swept; a lost store ends the pass.
                Err(Error::Record(error)) if !matches!(error, minilab_record::Error::Store(_)) => {
                    report.failed += 1;
                    tracing::error!(
                        original.key = %listed.key.escape_debug(),
                        error = &error as &dyn std::error::Error,
                        "a record was not swept"
                    );
                }
                Err(error) => return Err(error),
            }
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
                self.clear(original, tombstone, &loaded, now, report).await
            }
            _ => Ok(()),
        }
    }

    /// Deletes what lies under a tombstone and was never named, or not deleted after it was swapped out.
    ///
    /// First all lanes pass the generations of these files: no attempt, under way or to come, can then name one of them.
    async fn clear(
        &self,
        original: &str,
        tombstone: &Record,
        loaded: &Loaded,
        now: Timestamp,
        report: &mut SweepReport,
    ) -> Result<(), Error> {
        let leftovers = self.leftovers(original, tombstone, now).await?;
        let highest = leftovers.iter().filter_map(|key| generation(key.as_str())).max();
        if let Some(next) = highest.and_then(|highest| passed(tombstone, highest, now))
            && self.records.swap(loaded, &next).await? == Swap::Lost
        {
            report.moved_on += 1;
            return Ok(());
        }
        for key in &leftovers {
            self.outputs.delete(key).await?;
            report.leftovers += 1;
        }
        Ok(())
    }

    /// Files under a tombstone that it does not name and that are older than the time of grace.
    async fn leftovers(&self, original: &str, tombstone: &Record, now: Timestamp) -> Result<Vec<Key>, Error> {
        let named = named_keys(tombstone);
        let oldest = SystemTime::from(now).checked_sub(self.config.retain);
        let (mut after, mut leftovers) = (None, Vec::new());
        loop {
            let request = ListRequest {
                prefix: format!("{original}/"),
                delimiter: Some('/'),
                after,
                ..ListRequest::default()
            };
            let page = self.outputs.list(request).await?;
            leftovers.extend(page.objects.into_iter().filter_map(|found| {
                let key = found.key.as_str();
                let is_old = oldest.is_some_and(|oldest| found.modified <= oldest);
                (is_old && is_file_key(original, key) && !named.contains(key)).then_some(found.key)
            }));
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(leftovers),
            }
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

/// `7` of `photo-320w.g7-0123456789.webp`.
fn generation(key: &str) -> Option<u64> {
    let name = key.rsplit('/').next()?;
    name.split(['.', '_', '@']).find_map(|token| {
        let (generation, _) = token.strip_prefix('g')?.split_once('-')?;
        generation.parse().ok()
    })
}
