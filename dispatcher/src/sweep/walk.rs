//! One walk: over all records, in a full pass over all files, and over what its brake held and lets go.
use std::time::{Duration, SystemTime};

use futures::{Stream, StreamExt as _, TryStreamExt as _, pin_mut};
use jiff::Timestamp;
use minilab_record::Listed as RecordListed;
use minilab_store::Listed;
use minilab_telemetry::{PassMode, PassResult};
use tokio_util::sync::CancellationToken;

use super::{
    Reach, Sweep, SweepReport, SweepWay,
    original::{Due, Look},
    way::Stage,
};
use crate::{
    Ended, Error, Tenure,
    brake::{Allowance, Kind, Verdict},
    pass::{End, Turn},
};

/// Originals looked at or swept at once: enough to hide the way to the store, few enough to leave it to the workers.
const AT_ONCE: usize = 16;
/// How far clocks of writers may be apart for an incremental sweep to leave out what it cannot concern.
const APART_MAX: Duration = Duration::from_hours(24);

pub(super) struct Walk<'a> {
    sweep: &'a Sweep,
    reach: Reach,
    tenure: &'a mut Tenure<SweepWay>,
    now: Timestamp,
    drain: &'a CancellationToken,
    way: SweepWay,
}

/// What was done about one original, and the key up to which everything is looked at with it.
struct Done {
    after: String,
    original: String,
    report: SweepReport,
    /// There is something to delete, and the brake decides.
    held: bool,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        sweep: &'a Sweep,
        reach: Reach,
        tenure: &'a mut Tenure<SweepWay>,
        now: Timestamp,
        drain: &'a CancellationToken,
    ) -> Self {
        let way = tenure.under_way().way.clone();
        Self {
            sweep,
            reach,
            tenure,
            now,
            drain,
            way,
        }
    }

    pub(super) async fn run(mut self) -> Result<SweepReport, Error> {
        let before = self.way.report;
        let ended = self.walk().await;
        let result = ended.as_ref().map_or(PassResult::Failed, |ended| ended.result());
        if let Reach::Delete(_) = self.reach {
            let (metrics, report) = (&self.sweep.metrics.dispatcher, self.way.report);
            metrics.sweep_passes_total.inc(result);
            let files = |report: SweepReport| report.deleted + report.leftovers;
            metrics.sweep_files_total.add((), files(report) - files(before));
        }
        self.way.report.ended = ended?;
        Ok(self.way.report)
    }

    async fn walk(&mut self) -> Result<Ended, Error> {
        // A pass that goes on after a pause first makes sure that nobody else has gone on with it.
        if self.tenure.renew().await? == Turn::Lost {
            return Ok(Ended::Overtaken);
        }
        let stopped = match self.way.stage {
            Stage::Records => self.records().await?,
            Stage::Files => self.files().await?,
            Stage::Held => None,
        };
        if let Some(ended) = stopped {
            return self.leave(ended).await;
        }
        if self.way.stage == Stage::Records && self.tenure.under_way().mode == PassMode::Full {
            self.way.stage = Stage::Files;
            self.way.after = None;
            if let Some(ended) = self.files().await? {
                return self.leave(ended).await;
            }
        }
        self.end().await
    }

    async fn records(&mut self) -> Result<Option<Ended>, Error> {
        let (sweep, decide, now) = (self.sweep, self.decide(), self.now);
        let since = self.since();
        let done = sweep
            .records
            .list(self.way.after.as_deref())
            .map_err(Error::from)
            .map_ok(move |listed: RecordListed| async move {
                let skipped = since.is_some_and(|since| listed.modified < since);
                let mut done = if skipped {
                    Done::nothing(listed.key)
                } else {
                    sweep
                        .one(listed.key.clone(), listed.key, Look::Dropped, decide, now)
                        .await?
                };
                done.report.records = 1;
                Ok(done)
            })
            .try_buffered(AT_ONCE);
        self.through(done).await
    }

    async fn files(&mut self) -> Result<Option<Ended>, Error> {
        let (sweep, decide, now) = (self.sweep, self.decide(), self.now);
        let done = sweep
            .sides(self.way.after.as_deref(), now)
            .map_ok(move |side| {
                let after = side
                    .files
                    .last()
                    .map(|found: &Listed| found.key.as_str().to_owned());
                let after = after.unwrap_or_default();
                sweep.one(after, side.original, Look::Listed(side.files), decide, now)
            })
            .try_buffered(AT_ONCE);
        self.through(done).await
    }

    /// Takes what was done, in order, and notes how far it is. `Some`: stopped before the end.
    async fn through(
        &mut self,
        done: impl Stream<Item = Result<Done, Error>> + Send,
    ) -> Result<Option<Ended>, Error> {
        pin_mut!(done);
        loop {
            tokio::select! {
                biased;
                () = self.drain.cancelled() => return Ok(Some(Ended::Stopped)),
                () = tokio::time::sleep_until(self.tenure.renewal()) => {
                    self.tenure.note(self.way.clone());
                    if self.tenure.renew().await? == Turn::Lost {
                        return Ok(Some(Ended::Overtaken));
                    }
                }
                next = done.try_next() => match next? {
                    Some(done) => self.take(done),
                    None => return Ok(None),
                },
            }
        }
    }

    fn take(&mut self, mut done: Done) {
        if self.way.stage == Stage::Held {
            // Counted when it was held.
            done.report.due = 0;
        }
        self.way.after = Some(done.after);
        self.way.report.add(&done.report);
        if let (true, Reach::Delete(brake)) = (done.held, &self.reach) {
            self.way.held.hold(brake, Kind::Deletion, done.original);
        }
    }

    /// Everything was seen: the brake decides.
    async fn end(&mut self) -> Result<Ended, Error> {
        let brake = match self.reach {
            Reach::Delete(brake) => brake,
            Reach::Count => return Ok(Ended::Complete),
        };
        let (end, ended) = match self.way.held.verdict(&brake, self.way.report.records) {
            Verdict::Stop { limit } => (End::Braked { limit }, Ended::Braked),
            Verdict::Release(held) => {
                if let Some(ended) = self.release(held).await? {
                    return self.leave(ended).await;
                }
                (End::Complete, Ended::Complete)
            }
        };
        self.way.report.ended = ended;
        match self.tenure.end(end, self.way.clone()).await? {
            Turn::Ours => Ok(ended),
            Turn::Lost => Ok(Ended::Overtaken),
        }
    }

    /// Sweeps what was held, each by its record as it is now. `Some`: stopped before the end.
    async fn release(&mut self, mut held: Vec<String>) -> Result<Option<Ended>, Error> {
        held.sort();
        held.dedup();
        if self.way.stage != Stage::Held {
            self.way.stage = Stage::Held;
            self.way.after = None;
        }
        let done_before = self.way.after.clone();
        let left = held
            .into_iter()
            .filter(|original| done_before.as_ref().is_none_or(|done| original > done));
        let (sweep, now) = (self.sweep, self.now);
        let look = match self.tenure.under_way().mode {
            PassMode::Full => || Look::All,
            PassMode::Incremental => || Look::Dropped,
        };
        let done = futures::stream::iter(left)
            .map(move |original| sweep.one(original.clone(), original, look(), Decide::Delete, now))
            .buffered(AT_ONCE);
        self.through(done).await
    }

    async fn leave(&mut self, ended: Ended) -> Result<Ended, Error> {
        if ended == Ended::Stopped {
            self.tenure.note(self.way.clone());
            self.tenure.leave().await?;
        }
        Ok(ended)
    }

    fn decide(&self) -> Decide {
        match self.reach {
            Reach::Count => Decide::Count,
            Reach::Delete(brake) if brake.deletions == Allowance::Granted => Decide::Delete,
            Reach::Delete(_) => Decide::Hold,
        }
    }

    /// Records last swapped before this have nothing to be swept: all that they let go was due in the last pass that swept
    /// everything, which would have swapped them. A full pass relies on nothing.
    fn since(&self) -> Option<SystemTime> {
        if self.tenure.under_way().mode == PassMode::Full {
            return None;
        }
        let last = self.tenure.ledger()?.last(PassMode::Incremental)?;
        let counts = &last.counts.report;
        if !last.complete || counts.failed + counts.moved_on > 0 {
            return None;
        }
        SystemTime::from(last.started)
            .checked_sub(self.sweep.config.retain)?
            .checked_sub(APART_MAX)
    }
}

/// What becomes of an original with something to delete.
#[derive(Debug, Clone, Copy)]
enum Decide {
    Delete,
    Hold,
    Count,
}

impl Done {
    fn nothing(original: String) -> Self {
        Self {
            after: original.clone(),
            original,
            report: SweepReport::default(),
            held: false,
        }
    }
}

impl Sweep {
    /// One record must not keep the others from being swept; a lost store ends the pass.
    async fn one(
        &self,
        after: String,
        original: String,
        look: Look,
        decide: Decide,
        now: Timestamp,
    ) -> Result<Done, Error> {
        let mut done = Done {
            after,
            ..Done::nothing(original)
        };
        match self.decided(&mut done, look, decide, now).await {
            Ok(()) => Ok(done),
            Err(error) if error.is_of_one() => {
                done.report.failed += 1;
                tracing::error!(
                    original.key = %done.original.escape_debug(),
                    error = &error as &dyn std::error::Error,
                    "a record was not swept"
                );
                Ok(done)
            }
            Err(error) => Err(error),
        }
    }

    async fn decided(
        &self,
        done: &mut Done,
        look: Look,
        decide: Decide,
        now: Timestamp,
    ) -> Result<(), Error> {
        let Some(due) = self.look(&done.original, look, now).await? else {
            return Ok(());
        };
        done.report.due = 1;
        match decide {
            Decide::Hold => done.held = true,
            Decide::Count => Due::count(&due, &mut done.report),
            Decide::Delete => self.delete(due, now, &mut done.report).await?,
        }
        Ok(())
    }
}

impl SweepReport {
    fn add(&mut self, one: &Self) {
        self.records += one.records;
        self.due += one.due;
        self.deleted += one.deleted;
        self.leftovers += one.leftovers;
        self.bytes += one.bytes;
        self.moved_on += one.moved_on;
        self.failed += one.failed;
    }
}
