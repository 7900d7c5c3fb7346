//! Step 10: projections, and the next lane, which is carried on with or handed on.
use minilab_failpoint::reached;
use minilab_recipe::Lane;
use minilab_record::{FailureEntry, FailureRecord, Record, Seen, pending_lanes};

use super::context::Context;
use crate::{
    Error,
    envelope::{follow_up, lane_queue},
    outcome::GivenUp,
};

impl Context<'_> {
    /// Writes what follows from a swapped record: manifests, aliases, the failure record of the lane, and what is told outside.
    pub(super) async fn project(&self, record: &Record, lane: Lane) -> Result<(), Error> {
        let recipe = self.target.as_ref().map(|target| target.recipe);
        self.world
            .projector
            .write(record, recipe)
            .await
            .map_err(Error::Projection)?;
        let key = &record.key;
        match record.lanes.get(&lane) {
            None if record.observation.is_none() => self.world.failures.clear_all(key).await?,
            Some(state) if state.status.is_final() => match state.failures.first() {
                Some(entry) => {
                    let failure = self.failure_record(lane, entry);
                    self.world.failures.write(&failure).await?;
                }
                None => self.world.failures.clear(key, lane).await?,
            },
            _ => {}
        }
        // A lane that the recipe no longer uses is swapped by nobody who would forget what it failed of.
        let asked = self.envelope.lane;
        if record.observation.is_some() && !record.lanes.contains_key(&asked) {
            self.world.failures.clear(key, asked).await?;
        }
        // In a box, because every attempt would have to make room for what few documents ask.
        Box::pin(self.tell(record)).await?;
        self.trace.projected();
        reached("step10_projected");
        Ok(())
    }

    /// Of a lane that is recorded as failed or partial. What is given up was counted when it was; other runs count here.
    fn failure_record(&self, lane: Lane, entry: &FailureEntry) -> FailureRecord {
        let mut job = self.envelope.job.clone();
        if entry.class != GivenUp::Poison.as_str() {
            job.attempt += 1;
        }
        self.world.failure_record(&job, lane, entry, self.trace)
    }

    /// Clears the failure record that an earlier attempt of this job left, when there turned out to be nothing to do.
    pub(super) async fn forgive(&self, record: Option<&Record>) -> Result<(), Error> {
        let lane = self.envelope.lane;
        let state = record.and_then(|record| record.lanes.get(&lane));
        if state.is_none_or(|state| state.failures.is_empty()) {
            let (key, job) = (self.envelope.key.as_str(), &self.envelope.job);
            let known = self.world.failures.load(key, lane).await?;
            // That of another job stays: it may owe projections that nobody but its redrive writes.
            if known.is_some_and(|known| known.job.as_ref().is_none_or(|id| *id == job.id)) {
                self.world.failures.clear(key, lane).await?;
            }
        }
        Ok(())
    }

    /// Does this worker not serve `next`, does a job of a faster lane wait for it, or is this the last slot, which is kept
    /// for `fast`? Then `next` is somebody's work later. An operator's pass makes all lanes in one decode: it has a queue of
    /// its own that waits for the others anyway.
    pub(super) async fn hands_on(&self, next: Lane) -> Result<bool, Error> {
        let served = &self.world.lanes;
        if self.envelope.is_backfill() && served.serve_backfill() {
            return Ok(false);
        }
        if !served.serve(next) {
            return Ok(true);
        }
        for faster in Lane::ALL
            .into_iter()
            .filter(|lane| *lane < next && served.serve(*lane))
        {
            if self.world.queue.depth(&lane_queue(faster)).await?.ready > 0 {
                return Ok(true);
            }
        }
        Ok(next != Lane::Fast && !self.seat.leaves_one())
    }

    /// This lane, and those that will be carried on with if things stay as they are now.
    pub(super) async fn lanes_to_plan(
        &self,
        lane: Lane,
        record: Option<&Record>,
        seen: &Seen,
    ) -> Result<Vec<Lane>, Error> {
        let target = self.target.as_ref().expect("only what a recipe takes is made");
        let current = record.filter(|r| {
            r.observation
                .as_ref()
                .is_some_and(|known| known.etag == seen.etag)
        });
        let pending = match current {
            Some(record) => pending_lanes(record, &target.wanted.lanes),
            None => target.wanted.lanes.keys().copied().collect(),
        };
        let mut lanes = vec![lane];
        for next in pending.into_iter().filter(|next| *next != lane) {
            if !self.hands_on(next).await? {
                lanes.push(next);
            }
        }
        lanes.sort();
        Ok(lanes)
    }

    /// Publishes the job of another lane. It is confirmed when this returns, so a pending lane always has a job.
    pub(super) async fn hand_on(&self, lane: Lane) -> Result<(), Error> {
        let (now, sender) = (self.world.clock.now(), self.trace.context());
        let job = follow_up(&self.envelope.job, lane, now, sender);
        self.world.queue.send(vec![job]).await?;
        reached("step10_handed_on");
        self.trace.note(|work| work.handed_on = Some(lane));
        Ok(())
    }
}
