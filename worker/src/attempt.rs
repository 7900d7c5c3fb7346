//! One attempt: an original is made current, lane by lane, in the ten steps of docs/SEMANTICS.md.
//!
//! [`Attempt::round`] holds the decisions of steps 1 to 9, [`Attempt::run`] what comes after a lane. Everything below it is
//! straight.
mod context;
mod fetch;
mod files;
mod hand_on;
mod lane;
mod make;
mod scales;
mod sitting;
mod tell;
mod trace;
mod world;

use std::{collections::BTreeSet, time::Instant};

use minilab_failpoint::reached;
use minilab_recipe::Lane;
use minilab_record::{FailureEntry, Loaded, Need, Record, fence, next_generation, tombstone};
use minilab_store::{ETag, Sha256};

use self::{context::Context, lane::Made, make::Put, sitting::Upload};
pub(crate) use self::{
    make::failure,
    scales::Scales,
    sitting::{Opening, Sitting},
    trace::{Step, Trace},
    world::{World, this_process},
};
use crate::{Error, envelope::Envelope, outcome::Class, worker::Seat};

/// Looks at a world that changes each time. Each costs a decode; an original that is overwritten more often than this in
/// the time of one attempt is better left alone for a while.
const ROUNDS_MAX: u32 = 5;

/// One run of a job.
pub(crate) struct Attempt<'a> {
    context: Context<'a>,
    /// Set: the lane is not made any more but recorded as failed for this reason.
    given_up: Option<Error>,
    upload: Option<Upload>,
    /// The upload that was read last, also if it could not be opened.
    read: Option<(ETag, Sha256)>,
    /// Why the upload of that version cannot be made anything of, in any lane.
    refused: Option<(ETag, FailureEntry)>,
    put: Put,
    /// A lane was made, and somebody else swapped first.
    lost: bool,
}

/// A lane that is as it should be, for now.
struct Settled {
    class: Class,
    record: Option<Record>,
    /// What may come yet: the rest is swapped, and the job goes on with this.
    unfinished: Option<Error>,
}

impl<'a> Attempt<'a> {
    pub fn new(world: &'a World, envelope: &'a Envelope, trace: &'a Trace, seat: &'a Seat) -> Self {
        let context = Context::new(world, envelope, trace, seat);
        Self {
            context,
            given_up: None,
            upload: None,
            read: None,
            refused: None,
            put: Put::default(),
            lost: false,
        }
    }

    /// The same for a job that is given up: the lane it failed on is recorded as failed.
    pub fn giving_up(self, reason: Error) -> Self {
        Self {
            given_up: Some(reason),
            ..self
        }
    }

    /// All lanes, from the job's on, as long as nothing faster waits.
    pub async fn run(mut self) -> Result<Class, Error> {
        let ended = self.lanes().await;
        if let Some(Upload { sitting, .. }) = self.upload.take() {
            sitting.session.close().await;
        }
        ended
    }

    async fn lanes(&mut self) -> Result<Class, Error> {
        if self.context.envelope.job.min_rev > self.context.world.revision {
            return Err(Error::Stale {
                needed: self.context.envelope.job.min_rev,
                ours: self.context.world.revision,
            });
        }
        let (mut lane, mut made) = (self.context.first_lane(), BTreeSet::new());
        let (mut class, is_giving_up) = (Class::Noop, self.given_up.is_some());
        loop {
            self.context.trace.enter(lane);
            let settled = self.lane(lane).await?;
            // 10
            self.context.trace.reach(Step::HandOn);
            if let (true, Some(record)) = (self.context.trace.owes_projection(), &settled.record) {
                let begun = Instant::now();
                self.context.project(record, lane).await?;
                self.context.trace.note(|work| work.publish += begun.elapsed());
            } else if made.is_empty() && self.context.envelope.job.attempt > 0 {
                self.context.forgive(settled.record.as_ref()).await?;
            }
            made.insert(lane);
            class = worse(class, settled.class);
            if let Some(error) = settled.unfinished {
                return Err(error);
            }
            if let Some(failed) = self.context.failed_lane(settled.record.as_ref(), &made)
                && !is_giving_up
            {
                lane = failed;
                continue;
            }
            let Some(next) = self.context.next_lane(settled.record.as_ref()) else {
                return Ok(class);
            };
            if is_giving_up || made.contains(&next) || self.context.hands_on(next).await? {
                self.context.hand_on(next).await?;
                return Ok(class);
            }
            lane = next;
        }
    }

    async fn lane(&mut self, lane: Lane) -> Result<Settled, Error> {
        for _ in 0..ROUNDS_MAX {
            self.context.trace.note(|work| work.rounds += 1);
            if let Some(settled) = self.round(lane).await? {
                return Ok(settled);
            }
        }
        Err(Error::Restless {
            key: self.context.envelope.key.to_string(),
            rounds: ROUNDS_MAX,
        })
    }

    /// Steps 1 to 9. `None`: the world changed under it, so again from step 1.
    async fn round(&mut self, lane: Lane) -> Result<Option<Settled>, Error> {
        // 1
        let trace = self.context.trace;
        trace.reach(Step::Load);
        let base = self
            .context
            .world
            .records
            .load(self.context.envelope.key.as_str())
            .await?;
        // Files that were put while there was no record are of the first generation.
        if next_generation(base.record.as_ref(), lane) > 1 {
            trace.recorded();
        }
        // 2
        trace.reach(Step::Look);
        let seen = self.context.look(&base).await?;
        // 3
        let need = self.context.decide(&base, lane, seen.clone());
        if std::mem::take(&mut self.lost) && matches!(need, Need::Nothing | Need::Fence) {
            trace.note(|work| work.duplicates += 1);
        }
        let now = self.context.world.now();
        let mut made = None;
        let mut settled = Settled {
            class: Class::Complete,
            record: None,
            unfinished: None,
        };
        let next = match (need, &base.record) {
            (Need::Newer, record) => {
                let needed = record.as_ref().map_or(0, |record| record.revision);
                return Err(Error::Stale {
                    needed,
                    ours: self.context.world.revision,
                });
            }
            // A first record that is still under way would tell of an original that is gone: there must be one for it to
            // lose against.
            (Need::Nothing, None) if self.context.trace.is_ambiguous() => {
                settled.class = Class::Noop;
                self.context.nobody(now)
            }
            (Need::Nothing, _) => return Ok(Some(Settled::nothing(base))),
            (Need::Fence, Some(record)) => {
                self.context.trace.note(|work| work.fenced = true);
                settled.class = Class::Noop;
                fence(record, lane, now)
            }
            // 4
            (Need::Tombstone, Some(record)) => tombstone(record, self.context.world.revision, now),
            // 5 to 7
            (Need::Make, _) => {
                let seen = seen.clone().expect("nothing is made of an original that is gone");
                trace.reach(Step::Make);
                match self.make(lane, &base, &seen).await? {
                    Made::Changed => return Ok(None),
                    Made::NotAnImage => match self.without_image(base.record.as_ref()) {
                        Some(next) => next,
                        None if base.record.is_none() && self.context.trace.is_ambiguous() => {
                            self.context.nobody(now)
                        }
                        None => return Ok(Some(Settled::nothing(base))),
                    },
                    Made::Lane(lane) => {
                        (settled.class, settled.unfinished) = (lane.class, lane.unfinished);
                        made = Some(lane.report);
                        lane.next
                    }
                }
            }
            (Need::Fence | Need::Tombstone, None) => unreachable!("there is a record to be fenced or buried"),
        };
        // 8
        trace.reach(Step::Swap);
        let begun = Instant::now();
        let Some(swapped) = self.context.swap(&base, &next).await? else {
            trace.note(|work| work.swaps_lost += 1);
            self.lost = made.is_some();
            return Ok(None);
        };
        settled.record = swapped.record;
        self.context.trace.note(|work| work.lanes.extend(made));
        // 9
        reached("step9_before_look");
        trace.reach(Step::Verify);
        let published = seen.map(|seen| seen.etag);
        let is_still = self.context.is_still(published.as_ref()).await?;
        reached("step9_looked_again");
        trace.note(|work| work.publish += begun.elapsed());
        Ok(is_still.then_some(settled))
    }
}

impl Settled {
    fn nothing(base: Loaded) -> Self {
        Self {
            class: Class::Noop,
            record: base.record,
            unfinished: None,
        }
    }
}

/// Of two lanes of one job: what failed is told rather than what went well.
fn worse(one: Class, other: Class) -> Class {
    let rank = |class| {
        [Class::Noop, Class::Complete, Class::Partial, Class::Input]
            .iter()
            .position(|c| *c == class)
    };
    if rank(other) > rank(one) { other } else { one }
}
