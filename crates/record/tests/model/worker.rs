//! A worker with one job: the ten steps in the order of the real attempt, each a moment at which it may be overtaken or die.
//!
//! Whatever it decides and writes comes from `minilab_record`; only the order of the calls is told again here.
mod making;
mod steps;

use std::collections::BTreeMap;

use minilab_recipe::Lane;
use minilab_record::{Need, Placeholder, Record, View, decide, fence, pending_lanes, tombstone};

pub use self::steps::{Base, Known, Shown, Step};
use crate::{
    originals::{ENGINE, KEY, NOW},
    scenario::{Flaw, Scenario},
    world::{Job, Proof, Put, Version, World},
};

/// A worker and its configuration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Worker {
    /// Revision of its configuration.
    pub revision: u64,
    /// What it does; `None`: it waits for a job.
    pub run: Option<Run>,
}

/// One run of a job.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    pub job: Job,
    pub step: Step,
    /// Of the worker's configuration.
    revision: u64,
    /// The lane that is made current.
    lane: Lane,
    /// Lanes that are as they should be.
    made: Vec<Lane>,
    /// An earlier run may have left a record write behind, and no swap of ours has followed.
    owes_swap: bool,
    /// A record was swapped, and its projections do not show it yet.
    owes_projection: bool,
    /// The write to the original whose bytes are open.
    open: Option<u8>,
    /// Files that this run has put: usable as long as bytes and lane generation are the same.
    put: Vec<PutFile>,
}

/// A file that was put for a lane of a certain generation.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct PutFile {
    lane: Lane,
    generation: u64,
    fingerprint: String,
    key: String,
}

impl Worker {
    pub fn new(revision: u64) -> Self {
        Self { revision, run: None }
    }

    /// Takes a job. Its configuration is not too old for it.
    pub fn take(&mut self, scenario: &Scenario, job: Job) {
        let lanes = &scenario.configuration(self.revision).lanes;
        let first = *lanes.keys().next().expect("configurations have lanes");
        self.run = Some(Run {
            job,
            step: Step::First,
            revision: self.revision,
            lane: if lanes.contains_key(&job.lane) {
                job.lane
            } else {
                first
            },
            made: Vec::new(),
            owes_swap: job.ambiguous,
            owes_projection: false,
            open: None,
            put: Vec::new(),
        });
    }

    /// Does the next step.
    pub fn step(mut self, turn: &mut Turn<'_>) -> Self {
        let run = self.run.take().expect("only a worker with a job steps");
        self.run = run.step(turn);
        self
    }
}

/// What a step may see and change.
#[derive(Debug)]
pub struct Turn<'a> {
    pub scenario: &'a Scenario,
    pub world: &'a mut World,
    /// Does a job of a faster lane wait, so that the next lane goes to its queue?
    pub hands_on: bool,
}

impl Run {
    /// The job as it goes back to the queue when its worker has died.
    pub fn redelivered(&self) -> Job {
        Job {
            ambiguous: true,
            ..self.job
        }
    }

    /// May the step end in a next lane?
    pub fn may_hand_on(&self) -> bool {
        matches!(
            self.step,
            Step::Second(_) | Step::LookAgain(..) | Step::Confirm(_)
        )
    }

    /// `None`: the job is no longer this worker's.
    fn step(mut self, turn: &mut Turn<'_>) -> Option<Self> {
        let scenario = turn.scenario;
        match self.step.clone() {
            Step::First if scenario.has(Flaw::OriginalBeforeRecord) => {
                self.step = Step::Second(Known::Original(turn.world.write));
            }
            Step::First => self.step = Step::Second(Known::Record(turn.world.record.clone())),
            Step::Second(known) => {
                let (record, write) = match known {
                    Known::Record(record) => (record, turn.world.write),
                    Known::Original(write) => (turn.world.record.clone(), write),
                };
                let proof = Proof {
                    write,
                    revision: self.revision,
                };
                return self.decide(Base { record, proof }, turn);
            }
            Step::Read(base) if scenario.uploads.are_one(base.proof.write, turn.world.write) => {
                self.open = Some(base.proof.write);
                self.step = self.store_or_swap(scenario, base);
            }
            Step::Read(_) => self.step = Step::First,
            Step::Store(base) => {
                let missing = self.files(scenario, &base).into_iter().find_map(Result::err);
                let file = missing.expect("a step before found one missing");
                turn.world.put_file(&file.key);
                self.put.push(file);
                self.step = self.store_or_swap(scenario, base);
            }
            Step::Swap(put) => return self.swap(put, turn),
            Step::LookAgain(proof, record) => {
                if scenario.uploads.are_one(proof.write, turn.world.write) {
                    return self.settled(Some(record), turn);
                }
                self.step = Step::First;
            }
            Step::Project(shown) => {
                turn.world.project(&shown.newest);
                self.step = Step::Confirm(shown);
            }
            Step::Confirm(shown) => match turn.world.record.clone() {
                Some(newest) if newest != shown.newest => {
                    self.step = Step::Project(Shown { newest, ..shown });
                }
                _ => {
                    self.owes_projection = false;
                    return self.go_on(Some(&shown.settled), turn);
                }
            },
            Step::Settle => return None,
        }
        Some(self)
    }

    /// Step 3.
    fn decide(mut self, base: Base, turn: &mut Turn<'_>) -> Option<Self> {
        let scenario = turn.scenario;
        let revision = self.revision;
        let view = View {
            original: scenario.uploads.seen(base.proof.write),
            lane: self.lane,
            lanes: &scenario.configuration(revision).wanted.lanes,
            engine: ENGINE,
            revision,
            ambiguous: self.owes_swap && !scenario.has(Flaw::NoFence),
            retry_failed: false,
        };
        self.step = match (decide(base.record(), &view), base.record()) {
            (Need::Newer, _) => {
                turn.world.jobs.push(Job {
                    ambiguous: self.owes_swap || self.owes_projection,
                    ..self.job
                });
                return None;
            }
            (Need::Nothing, None) if self.owes_swap && !scenario.has(Flaw::NoTombstoneOfNobody) => {
                base.put(nobody(revision))
            }
            (Need::Nothing, _) => return self.settled(base.record, turn),
            (Need::Fence, Some(record)) => base.put(fence(record, self.lane, NOW)),
            (Need::Tombstone, Some(record)) => base.put(tombstone(record, revision, NOW)),
            (Need::Make, _) if self.has_open(scenario, &base) => self.store_or_swap(scenario, base),
            (Need::Make, _) => Step::Read(base),
            (Need::Fence | Need::Tombstone, None) => unreachable!("there is a record to be fenced or buried"),
        };
        Some(self)
    }

    /// Step 8.
    fn swap(mut self, put: Put, turn: &mut Turn<'_>) -> Option<Self> {
        self.step = Step::First;
        if !turn.world.swap(turn.scenario, &put) {
            return Some(self);
        }
        (self.owes_swap, self.owes_projection) = (false, turn.scenario.projects);
        match put.proof {
            Some(proof) if !turn.scenario.has(Flaw::NoLookAgain) => {
                self.step = Step::LookAgain(proof, put.next);
                Some(self)
            }
            _ => self.settled(Some(put.next), turn),
        }
    }

    fn has_open(&self, scenario: &Scenario, base: &Base) -> bool {
        self.open
            .is_some_and(|open| scenario.uploads.are_one(open, base.proof.write))
    }

    /// The lane is as it should be.
    fn settled(mut self, record: Option<Version>, turn: &mut Turn<'_>) -> Option<Self> {
        self.made.push(self.lane);
        match record {
            Some(record) if self.owes_projection => {
                self.step = Step::Project(Shown {
                    settled: record.clone(),
                    newest: record,
                });
                Some(self)
            }
            record => self.go_on(record.as_ref(), turn),
        }
    }

    /// Carries on with the next lane, or hands it on.
    fn go_on(mut self, record: Option<&Version>, turn: &mut Turn<'_>) -> Option<Self> {
        let lanes = &turn.scenario.configuration(self.revision).wanted.lanes;
        let next = *pending_lanes(&record?.record, lanes).first()?;
        if turn.hands_on || self.made.contains(&next) {
            turn.world.jobs.push(Job {
                lane: next,
                ambiguous: false,
                ..self.job
            });
            self.step = Step::Settle;
        } else {
            (self.lane, self.step) = (next, Step::First);
        }
        Some(self)
    }
}

/// The tombstone of an original that has no record, as the attempt writes it.
fn nobody(revision: u64) -> Record {
    Record {
        v: 1,
        key: KEY.to_owned(),
        generation: 1,
        since_generation: 1,
        revision,
        recipe: "gallery".to_owned(),
        observation: None,
        lanes: BTreeMap::new(),
        retired: BTreeMap::new(),
        standing: None,
        previous: Vec::new(),
        placeholder: Placeholder::default(),
        updated: NOW,
    }
}
