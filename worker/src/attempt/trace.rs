//! What an attempt has done so far, kept outside of it: it survives a lost lease, an abort and a panic.
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use minilab_recipe::Lane;
use minilab_telemetry::traces::SpanContext;
use tokio::time::Instant;

use crate::report::{StepReport, Work};

/// Steps that are kept: those of three lanes, begun anew twice. What an attempt does after them is a part of the last.
const STEPS_MAX: usize = 54;

/// Shared by an attempt and whoever settles its delivery.
#[derive(Debug)]
pub(crate) struct Trace(Mutex<State>);

#[derive(Debug)]
struct State {
    /// An earlier run may have left a record write behind, and no swap of ours has followed.
    owes_swap: bool,
    /// A record write of this run has no answer yet.
    in_flight: bool,
    /// Files may have been put that no record names yet.
    leaves_files: bool,
    /// A record was swapped, and its projections do not show it yet.
    owes_projection: bool,
    lane: Lane,
    step: Step,
    /// Where the run failed that this one only buries.
    blamed: Option<String>,
    /// What the plans that were made are predicted to take.
    planned: Duration,
    work: Work,
    /// Where in a trace the attempt is.
    context: Option<SpanContext>,
    /// The steps it has begun, with when.
    begun: Vec<(Lane, Step, Instant)>,
}

/// How far an attempt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The record is read.
    Load,
    /// The original is looked at.
    Look,
    /// The original is read, files are rendered and stored.
    Make,
    /// The record is swapped.
    Swap,
    /// The original is looked at once more.
    Verify,
    /// Projections are written, the next lane is handed on.
    HandOn,
}

impl Step {
    /// As it is written in failure records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Look => "look",
            Self::Make => "make",
            Self::Swap => "swap",
            Self::Verify => "verify",
            Self::HandOn => "hand_on",
        }
    }
}

impl Trace {
    /// Before the first step. `ambiguous`: does an earlier run's write go unanswered?
    pub fn new(lane: Lane, ambiguous: bool) -> Self {
        Self(Mutex::new(State {
            owes_swap: ambiguous,
            in_flight: false,
            leaves_files: false,
            owes_projection: false,
            lane,
            step: Step::Load,
            blamed: None,
            planned: Duration::ZERO,
            work: Work::default(),
            context: None,
            begun: Vec::new(),
        }))
    }

    /// Of an attempt that is at this place of a trace.
    pub fn at(self, context: Option<SpanContext>) -> Self {
        self.state().context = context;
        self
    }

    /// Where in a trace it is.
    pub fn context(&self) -> Option<SpanContext> {
        self.state().context
    }

    /// The steps that it went through since it was received: each lasted until the next began, and the last until now.
    pub fn steps(&self, received: Instant) -> Vec<StepReport> {
        let state = self.state();
        let ends = state.begun.iter().skip(1).map(|(_, _, begun)| *begun);
        let ends = ends.chain([Instant::now()]);
        let steps = state.begun.iter().zip(ends);
        steps
            .map(|((lane, step, begun), ended)| StepReport {
                lane: *lane,
                step: step.as_str(),
                after: begun.saturating_duration_since(received),
                took: ended.saturating_duration_since(*begun),
            })
            .collect()
    }

    /// Of a run that records what has become of this one, which failed at `stage`.
    pub fn burying(&self, stage: Option<String>) -> Self {
        let burial = Self::new(self.lane(), self.owes_anything());
        burial.state().work = self.work();
        burial.blame(stage);
        burial
    }

    /// This is where it failed.
    pub fn blame(&self, stage: Option<String>) {
        self.state().blamed = stage;
    }

    /// Where it failed, as far as anybody said.
    pub fn blamed(&self) -> Option<String> {
        self.state().blamed.clone()
    }

    pub fn reach(&self, step: Step) {
        let mut state = self.state();
        state.step = step;
        if state.begun.len() < STEPS_MAX {
            let lane = state.lane;
            state.begun.push((lane, step, Instant::now()));
        }
    }

    /// How far it came.
    pub fn step(&self) -> Step {
        self.state().step
    }

    /// May a record write still be under way, or are there files that only a record leads to? Then this job must end in a
    /// swap, whoever runs it.
    pub fn is_ambiguous(&self) -> bool {
        let state = self.state();
        state.owes_swap || state.in_flight || state.leaves_files
    }

    /// Must the next run swap in any case? Also for projections that were not finished: a run that finds nothing to do
    /// writes none.
    pub fn owes_anything(&self) -> bool {
        self.is_ambiguous() || self.owes_projection()
    }

    pub fn owes_projection(&self) -> bool {
        self.state().owes_projection
    }

    /// Projections show the record.
    pub fn projected(&self) {
        self.state().owes_projection = false;
    }

    /// The lane that is worked on.
    pub fn lane(&self) -> Lane {
        self.state().lane
    }

    /// What was done.
    pub fn work(&self) -> Work {
        self.state().work.clone()
    }

    pub fn enter(&self, lane: Lane) {
        self.state().lane = lane;
    }

    /// So much more is to be done.
    pub fn plan(&self, takes: Duration) {
        let planned = &mut self.state().planned;
        *planned = planned.saturating_add(takes);
    }

    pub fn planned(&self) -> Duration {
        self.state().planned
    }

    /// Files go out. Without a record of the original, not even a tombstone, no sweep would find them.
    pub fn storing(&self) {
        self.state().leaves_files = true;
    }

    /// There is a record, past the generation of the files: it leads the sweep to them, and nobody adopts them any more.
    pub fn recorded(&self) {
        self.state().leaves_files = false;
    }

    /// A record write goes out. If its answer never comes, nobody calls [`Self::answered`] or [`Self::swapped`].
    pub fn sending(&self) {
        self.state().in_flight = true;
    }

    /// Nothing was written.
    pub fn answered(&self) {
        self.state().in_flight = false;
    }

    /// It was written: whatever was sent before can only lose now.
    pub fn swapped(&self) {
        let mut state = self.state();
        (state.in_flight, state.owes_swap, state.owes_projection) = (false, false, true);
        state.leaves_files = false;
    }

    pub fn note(&self, change: impl FnOnce(&mut Work)) {
        change(&mut self.state().work);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
