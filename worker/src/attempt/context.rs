//! What an attempt knows from its start, and the straight steps that need no more: look, decide, swap, look again.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use minilab_failpoint::reached;
use minilab_recipe::{Decision, Lane, OnDelete, Recipe};
use minilab_record::{
    LaneStatus, Loaded, Need, Placeholder, Record, Seen, Swap, View, Wanted, decide, pending_lanes,
};
use minilab_store::ETag;

use super::{
    Trace, World,
    fetch::{self, Reading},
};
use crate::{Error, envelope::Envelope, renderer::Priority, worker::Seat};

/// What a key is to be made into.
pub(super) struct Target<'a> {
    pub recipe: &'a Recipe,
    pub wanted: Wanted,
    pub reads: Reading,
    pub tenant: Option<String>,
}

/// Set at the start of an attempt, and never changed by it.
pub(super) struct Context<'a> {
    pub world: &'a World,
    pub envelope: &'a Envelope,
    pub trace: &'a Trace,
    pub seat: &'a Seat,
    pub target: Option<Target<'a>>,
}

impl<'a> Context<'a> {
    pub fn new(world: &'a World, envelope: &'a Envelope, trace: &'a Trace, seat: &'a Seat) -> Self {
        let target = match world.document.decide(envelope.key.as_str()) {
            Decision::Nothing => None,
            Decision::Recipe { recipe, tenant } => Some(Target {
                recipe,
                wanted: Wanted::by(recipe),
                reads: Reading {
                    names: recipe.reads(),
                    tags: recipe.read_tags,
                },
                tenant,
            }),
        };
        Self {
            world,
            envelope,
            trace,
            seat,
            target,
        }
    }

    /// The lane the job names, if the recipe in force uses it.
    pub fn first_lane(&self) -> Lane {
        let asked = self.envelope.lane;
        let Some(target) = &self.target else { return asked };
        let uses = |lane: &Lane| target.wanted.lanes.contains_key(lane);
        Some(asked)
            .filter(uses)
            .or_else(|| target.wanted.lanes.keys().next().copied())
            .unwrap_or(asked)
    }

    /// Nobody waits for long encodings and operators' work.
    pub fn priority(&self, lane: Lane) -> Priority {
        if lane == Lane::Bulk || self.envelope.is_backfill() {
            Priority::Background
        } else {
            Priority::Live
        }
    }

    pub fn next_lane(&self, record: Option<&Record>) -> Option<Lane> {
        let target = self.target.as_ref()?;
        pending_lanes(record?, &target.wanted.lanes).first().copied()
    }

    /// A lane that this job must make again although it is recorded as failed. Not handed on: the job is why it is made.
    pub fn failed_lane(&self, record: Option<&Record>, made: &BTreeSet<Lane>) -> Option<Lane> {
        let wanted = &self.target.as_ref()?.wanted.lanes;
        let record = record.filter(|_| self.envelope.retries_failed())?;
        let failed = record
            .lanes
            .iter()
            .filter(|(_, state)| state.status == LaneStatus::Failed);
        let mut lanes = failed.map(|(lane, _)| *lane);
        lanes.find(|lane| wanted.contains_key(lane) && !made.contains(lane))
    }

    /// HEAD of the original. A key that no rule takes is treated as if nothing were there: what was made of it goes.
    pub async fn look(&self, base: &Loaded) -> Result<Option<Seen>, Error> {
        let Some(target) = &self.target else {
            return Ok(None);
        };
        let key = &self.envelope.key;
        let seen = fetch::look(&*self.world.originals, key, &target.reads).await?;
        let now = self.world.clock.now();
        if seen.is_none() && fetch::may_yet_appear(&self.envelope.job, base.record.as_ref(), now) {
            return Err(Error::NotYetThere { key: key.to_string() });
        }
        let listen = |seen| fetch::listen(seen, &self.envelope.job, base.record.as_ref(), &target.reads);
        Ok(seen.map(listen))
    }

    pub fn decide(&self, base: &Loaded, lane: Lane, original: Option<Seen>) -> Need {
        let none = BTreeMap::new();
        let is_gone = original.is_none() && self.target.is_some();
        let view = View {
            original,
            lane,
            lanes: self.target.as_ref().map_or(&none, |target| &target.wanted.lanes),
            engine: &self.world.renderer.engine().build_id,
            revision: self.world.revision,
            ambiguous: self.trace.is_ambiguous(),
            retry_failed: self.envelope.retries_failed(),
        };
        let need = decide(base.record.as_ref(), &view);
        let keeps = is_gone && self.world.document.on_delete == OnDelete::Keep;
        match need {
            Need::Tombstone if keeps && view.ambiguous => Need::Fence,
            Need::Tombstone if keeps => Need::Nothing,
            other => other,
        }
    }

    /// The tombstone of an original that has no record. An earlier run may have put files of the first generations: these
    /// count as passed, so that no later attempt adopts what the sweep may take.
    pub fn nobody(&self, now: Timestamp) -> Record {
        let lanes = self.target.iter().flat_map(|target| target.wanted.lanes.keys());
        Record {
            v: 1,
            key: self.envelope.key.as_str().to_owned(),
            generation: 1,
            since_generation: 1,
            revision: self.world.revision,
            recipe: self
                .target
                .as_ref()
                .map(|target| target.recipe.name.clone())
                .unwrap_or_default(),
            observation: None,
            lanes: BTreeMap::new(),
            retired: lanes.map(|lane| (*lane, 1)).collect(),
            standing: None,
            previous: Vec::new(),
            placeholder: Placeholder::default(),
            updated: now,
        }
    }

    /// Is the original what was published? Mandatory: without it, an upload between the two HEADs whose own job found
    /// nothing to do would be lost.
    pub async fn is_still(&self, published: Option<&ETag>) -> Result<bool, Error> {
        let Some(target) = &self.target else {
            return Ok(true);
        };
        let seen = fetch::look(&*self.world.originals, &self.envelope.key, &target.reads).await?;
        Ok(seen.as_ref().map(|seen| &seen.etag) == published)
    }

    /// One conditional write, with a note before and after it: a write without an answer makes the job ambiguous.
    pub async fn swap(&self, base: &Loaded, next: &Record) -> Result<Option<Loaded>, Error> {
        self.trace.sending();
        reached("step8_before_swap");
        let swapped = self.world.records.swap(base, next).await;
        reached("step8_after_swap");
        match swapped {
            Ok(Swap::Swapped(loaded)) => {
                self.trace.swapped();
                Ok(Some(loaded))
            }
            Ok(Swap::Lost) => {
                self.trace.answered();
                Ok(None)
            }
            Err(error) => {
                if !error.is_ambiguous() {
                    self.trace.answered();
                }
                Err(error.into())
            }
        }
    }
}
