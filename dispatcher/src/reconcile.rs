//! Reconcile: compares all originals with all records and enqueues what differs. This turns "almost always" into "always".
//!
//! A pass streams both listings; what it holds in memory is bounded. Its findings are hints like any other.
use std::{sync::Arc, time::SystemTime};

use futures::{StreamExt as _, TryStreamExt as _, pin_mut};
use minilab_protos::job::Via;
use minilab_record::{Record, Records};
use minilab_store::{Key, Listed, Store, StoreExt as _};
use minilab_telemetry::{Finding, Metrics, PassMode, PassResult, Producer};
use tokio_util::sync::CancellationToken;

use crate::{
    Change, Ended, Error, Hint, Jobs, Pass, ReconcileConfig, Report,
    brake::{Held, Verdict},
    finding::compare,
    merge::{Sides, merge},
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

/// What was found of one key.
struct Found {
    finding: Finding,
    hint: Option<Hint>,
    unsettled: bool,
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

    /// Makes one pass. An error in a listing ends it with nothing held enqueued: half a listing deletes nothing.
    pub async fn run_once(&self, pass: &Pass, drain: &CancellationToken) -> Result<Report, Error> {
        let ended = self.pass(pass, drain).await;
        let result = match &ended {
            Ok(Report {
                ended: Ended::Complete,
                ..
            }) => PassResult::Complete,
            Ok(Report {
                ended: Ended::Braked, ..
            }) => PassResult::Braked,
            Ok(Report {
                ended: Ended::Stopped,
                ..
            }) => PassResult::Stopped,
            Err(_) => PassResult::Failed,
        };
        let metrics = &self.metrics.dispatcher;
        metrics.reconcile_passes_total.inc((pass.mode, result));
        if let Ok(report) = &ended {
            for (finding, count) in &report.found {
                metrics.reconcile_keys_total.add(*finding, *count);
            }
            if report.ended == Ended::Complete && pass.prefix.is_empty() {
                let now = self
                    .jobs
                    .now()
                    .duration_since(SystemTime::UNIX_EPOCH)
                    .unwrap_or_default();
                metrics
                    .reconcile_last_complete_timestamp_seconds
                    .set((), now.as_secs() as i64);
            }
        }
        ended
    }

    async fn pass(&self, pass: &Pass, drain: &CancellationToken) -> Result<Report, Error> {
        let mut report = Report::new();
        let mut held = Held::new(pass.brake);
        let mut batch = Vec::with_capacity(self.config.batch);
        let found = self
            .sides(&pass.prefix)
            .map_ok(|sides| self.judge(sides, pass.mode))
            .try_buffered(self.config.reads_max);
        pin_mut!(found);
        while let Some(found) = found.try_next().await? {
            report.note(found.finding);
            let Some(hint) = found.hint else { continue };
            if found.unsettled {
                report.unsettled.push(hint.key);
                continue;
            }
            batch.extend(held.hold(found.finding, hint));
            if batch.len() >= self.config.batch && !self.send(&mut batch, &mut report, drain).await? {
                return Ok(Report {
                    ended: Ended::Stopped,
                    ..report
                });
            }
            if drain.is_cancelled() {
                return Ok(Report {
                    ended: Ended::Stopped,
                    ..report
                });
            }
        }
        let released = match held.verdict(report.seen) {
            Verdict::Release(hints) => hints,
            Verdict::Stop => {
                report.ended = Ended::Braked;
                Vec::new()
            }
        };
        for hint in released {
            batch.push(hint);
            if batch.len() >= self.config.batch && !self.send(&mut batch, &mut report, drain).await? {
                return Ok(Report {
                    ended: Ended::Stopped,
                    ..report
                });
            }
        }
        if !self.send(&mut batch, &mut report, drain).await? {
            report.ended = Ended::Stopped;
        }
        Ok(report)
    }

    fn sides<'a>(&'a self, prefix: &'a str) -> impl futures::Stream<Item = Result<Sides, Error>> + Send + 'a {
        let names = self.config.names;
        let originals = self
            .originals
            .list_all(prefix)
            .map_err(Error::from)
            .try_filter(move |listed| futures::future::ready(names.admit(listed.key.as_str())));
        let after = (!prefix.is_empty()).then_some(prefix);
        let records = self
            .records
            .list(after)
            .map_err(Error::from)
            .try_take_while(move |listed| futures::future::ready(Ok(listed.key.starts_with(prefix))))
            .try_filter(move |listed| futures::future::ready(names.admit(&listed.key)));
        merge(originals.boxed(), records.boxed())
    }

    /// Finds out about one key, reading its record where the listings do not tell enough.
    async fn judge(&self, sides: Sides, mode: PassMode) -> Result<Found, Error> {
        let (original, listed) = match sides {
            Sides::Original(original) => (Some(original), None),
            Sides::Record(record) => (None, Some(record)),
            Sides::Both(original, record) => (Some(original), Some(record)),
        };
        let newer = |original: &Listed| {
            listed
                .as_ref()
                .is_none_or(|record| record.modified <= original.modified)
        };
        if mode == PassMode::Incremental && original.as_ref().is_some_and(|original| !newer(original)) {
            return Ok(Found {
                finding: Finding::Current,
                hint: None,
                unsettled: false,
            });
        }
        let key = match (&original, &listed) {
            (Some(original), _) => original.key.clone(),
            (None, Some(record)) => {
                Key::new(&*record.key).map_err(|cause| minilab_record::Error::KeyInvalid {
                    key: record.key.clone(),
                    cause,
                })?
            }
            (None, None) => unreachable!("a merge names at least one side"),
        };
        let record = match listed {
            None => None,
            Some(_) => match self.record(&key).await? {
                Read::Record(record) => record,
                Read::Unreadable => {
                    return Ok(Found {
                        finding: Finding::Unreadable,
                        hint: None,
                        unsettled: false,
                    });
                }
            },
        };
        let decision = self.jobs.document().decide(key.as_str());
        let finding = compare(original.as_ref(), record.as_deref(), &decision);
        let unsettled = original
            .as_ref()
            .is_some_and(|original| self.is_young(original.modified));
        Ok(Found {
            finding,
            hint: hint(key, original.as_ref(), record.is_some(), finding),
            unsettled,
        })
    }

    async fn record(&self, key: &Key) -> Result<Read, Error> {
        match self.records.load(key.as_str()).await {
            Ok(loaded) => Ok(Read::Record(loaded.record.map(Box::new))),
            // One broken record must not keep the others from being looked at.
            Err(
                error @ (minilab_record::Error::Unreadable { .. } | minilab_record::Error::NewerForm { .. }),
            ) => {
                tracing::error!(original.key = %key, error = &error as &dyn std::error::Error, "a record is unreadable");
                Ok(Read::Unreadable)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn is_young(&self, modified: SystemTime) -> bool {
        let now = self.jobs.now();
        let apart = now
            .duration_since(modified)
            .unwrap_or_else(|ahead| ahead.duration());
        apart < self.config.quiet
    }

    /// Sends the batch once the queues have room. `false`: told to stop while waiting.
    async fn send(
        &self,
        batch: &mut Vec<Hint>,
        report: &mut Report,
        drain: &CancellationToken,
    ) -> Result<bool, Error> {
        while !batch.is_empty() && self.jobs.queued().await? > self.config.queued_max {
            let told = drain
                .run_until_cancelled(tokio::time::sleep(self.config.depth_every))
                .await;
            if told.is_none() {
                return Ok(false);
            }
        }
        report.enqueued += self.jobs.enqueue(batch, Via::Live).await?.jobs;
        batch.clear();
        Ok(true)
    }
}

enum Read {
    Record(Option<Box<Record>>),
    Unreadable,
}

fn hint(key: Key, original: Option<&Listed>, recorded: bool, finding: Finding) -> Option<Hint> {
    if matches!(finding, Finding::Current | Finding::Unreadable) {
        return None;
    }
    let change = if recorded {
        Change::Recorded
    } else {
        Change::Uploaded
    };
    let hint = Hint::new(key, change, Producer::Scan);
    Some(match original {
        Some(original) => Hint {
            etag: Some(original.etag.clone()),
            size_bytes: Some(original.size_bytes),
            event_time: Some(original.modified),
            ..hint
        },
        None => hint,
    })
}
