//! Step 8: the next record after a lane was made, fenced, or its original is gone.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use minilab_recipe::{Lane, OutputFormat, Recipe, Replace};

use super::{named_keys, same_upload, upload::is_same_version};
use crate::{
    DroppedEntry, FailureEntry, FileEntry, LaneState, LaneStatus, Observation, Placeholder, Previous, Record,
    Standing,
};

/// What the recipe in force wants of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Name of the recipe.
    pub recipe: String,
    /// The lanes it uses, with the digests of their parts.
    pub lanes: BTreeMap<Lane, String>,
    /// What it contains: derivative and format, by lane.
    pub contains: BTreeSet<(Lane, String, OutputFormat)>,
    /// What is shown while lanes are pending.
    pub replace: Replace,
}

impl Wanted {
    /// By this recipe.
    pub fn by(recipe: &Recipe) -> Self {
        Self {
            recipe: recipe.name.clone(),
            lanes: recipe
                .lanes()
                .into_iter()
                .map(|lane| (lane, recipe.lane_digest(lane)))
                .collect(),
            contains: recipe
                .rungs()
                .into_iter()
                .map(|rung| (rung.lane, rung.derivative, rung.format))
                .collect(),
            replace: recipe.replace,
        }
    }

    fn contains(&self, lane: Lane, file: &FileEntry) -> bool {
        self.contains
            .contains(&(lane, file.derivative.clone(), file.encoding.format()))
    }
}

/// One lane of one original, made.
#[derive(Debug, Clone)]
pub struct Change {
    /// Key of the original.
    pub key: String,
    /// What was read.
    pub observation: Observation,
    /// Which lane; one that the recipe uses.
    pub lane: Lane,
    /// How far it came.
    pub status: LaneStatus,
    /// What there is now: adopted from the record, or put for [`next_generation`].
    pub files: Vec<FileEntry>,
    /// What could not be made.
    pub failures: Vec<FailureEntry>,
    /// What was made and not kept.
    pub dropped: Vec<DroppedEntry>,
    /// Analyses, if this attempt made them; `None` keeps those of the same upload.
    pub placeholder: Option<Placeholder>,
    /// The recipe in force.
    pub wanted: Wanted,
    /// Build of the engine.
    pub engine: String,
    /// Configuration revision of this process.
    pub revision: u64,
    /// The time.
    pub now: Timestamp,
}

/// The lane generation under which an attempt on `base` puts its files, and which its swap gives the lane.
pub fn next_generation(base: Option<&Record>, lane: Lane) -> u64 {
    base.map_or(0, |record| generation(record, lane)) + 1
}

/// The record after `change`, made on `base`.
pub fn publish(base: Option<&Record>, change: Change) -> Record {
    let same = base
        .and_then(|record| record.observation.as_ref())
        .is_some_and(|known| same_upload(known, &change.observation));
    let generation = next_generation(base, change.lane);
    let seen_before = base.filter(|record| {
        let known = record.observation.as_ref();
        known.is_some_and(|known| is_same_version(known, &change.observation))
    });
    let mut lanes: BTreeMap<Lane, LaneState> = change
        .wanted
        .lanes
        .keys()
        .filter(|lane| **lane != change.lane)
        .map(|lane| (*lane, other_lane(base, *lane, same, &change.wanted)))
        .collect();
    let held = seen_before.and_then(|record| record.lanes.get(&change.lane));
    let held = held.filter(|state| {
        state.status == change.status
            && state.files == change.files
            && state.failures == change.failures
            && state.dropped == change.dropped
    });
    let state = LaneState {
        generation,
        since_generation: held.map_or(generation, |state| state.since_generation),
        status: change.status,
        recipe_digest: change.wanted.lanes.get(&change.lane).cloned().unwrap_or_default(),
        engine: change.engine,
        files: change.files,
        failures: change.failures,
        dropped: change.dropped,
    };
    lanes.insert(change.lane, state);
    let swaps = base.map_or(0, |record| record.generation) + 1;
    let mut next = Record {
        v: 1,
        key: change.key,
        generation: swaps,
        since_generation: seen_before.map_or(swaps, |record| record.since_generation),
        revision: base.map_or(0, |record| record.revision).max(change.revision),
        recipe: change.wanted.recipe,
        retired: retired(base, &lanes),
        standing: standing(base, same, &lanes, change.wanted.replace),
        lanes,
        observation: Some(change.observation),
        previous: Vec::new(),
        placeholder: change
            .placeholder
            .or_else(|| base.filter(|_| same).map(|record| record.placeholder.clone()))
            .unwrap_or_default(),
        updated: change.now,
    };
    next.previous = previous(base, &next, change.now);
    next
}

/// The same content with the lane's generation + 1: any write still under way can only lose, and what it put is not
/// put again under the same name.
pub fn fence(base: &Record, lane: Lane, now: Timestamp) -> Record {
    let mut next = base.clone();
    next.generation += 1;
    next.updated = now;
    match next.lanes.get_mut(&lane) {
        Some(state) => state.generation += 1,
        None => *next.retired.entry(lane).or_default() += 1,
    }
    next
}

/// The record of an original that is gone. Generations stay, so that they never restart.
pub fn tombstone(base: &Record, revision: u64, now: Timestamp) -> Record {
    let mut next = Record {
        generation: base.generation + 1,
        since_generation: base.generation + 1,
        revision: base.revision.max(revision),
        observation: None,
        lanes: BTreeMap::new(),
        retired: retired(Some(base), &BTreeMap::new()),
        standing: None,
        previous: Vec::new(),
        placeholder: Placeholder::default(),
        updated: now,
        ..base.clone()
    };
    next.previous = previous(Some(base), &next, now);
    next
}

fn generation(record: &Record, lane: Lane) -> u64 {
    let state = record.lanes.get(&lane).map(|state| state.generation);
    state.or_else(|| record.retired.get(&lane).copied()).unwrap_or(0)
}

/// A lane that this attempt did not make: as it was, less what the recipe dropped; pending if it is of another upload.
fn other_lane(base: Option<&Record>, lane: Lane, same: bool, wanted: &Wanted) -> LaneState {
    if let Some(state) = base.filter(|_| same).and_then(|record| record.lanes.get(&lane)) {
        let (mut state, files) = (state.clone(), state.files.len());
        state.files.retain(|file| wanted.contains(lane, file));
        if state.files.len() < files {
            // It is no longer what that recipe asks: a return to it makes the rest again.
            state.recipe_digest.clear();
        }
        return state;
    }
    LaneState {
        generation: base.map_or(0, |record| generation(record, lane)),
        since_generation: 0,
        status: LaneStatus::Pending,
        recipe_digest: String::new(),
        engine: String::new(),
        files: Vec::new(),
        failures: Vec::new(),
        dropped: Vec::new(),
    }
}

fn retired(base: Option<&Record>, lanes: &BTreeMap<Lane, LaneState>) -> BTreeMap<Lane, u64> {
    let Some(base) = base else { return BTreeMap::new() };
    let known = base.lanes.keys().chain(base.retired.keys());
    known
        .filter(|lane| !lanes.contains_key(lane))
        .map(|lane| (*lane, generation(base, *lane)))
        .collect()
}

/// What is shown instead of the new set: the last complete set of another upload, until no lane is pending.
fn standing(
    base: Option<&Record>,
    same: bool,
    lanes: &BTreeMap<Lane, LaneState>,
    replace: Replace,
) -> Option<Standing> {
    let base = base?;
    if replace == Replace::Progressive || lanes.values().all(|state| state.status.is_final()) {
        return None;
    }
    if same || !is_complete(base) {
        return base.standing.clone();
    }
    Some(Standing {
        observation: base.observation.clone()?,
        lanes: base
            .lanes
            .iter()
            .map(|(lane, state)| (*lane, state.files.clone()))
            .collect(),
        placeholder: base.placeholder.clone(),
    })
}

fn is_complete(record: &Record) -> bool {
    record.observation.is_some()
        && record.lanes.values().all(|state| state.status.is_final())
        && record.lanes.values().any(|state| !state.files.is_empty())
}

/// What was in its time of grace and what `next` no longer names.
fn previous(base: Option<&Record>, next: &Record, now: Timestamp) -> Vec<Previous> {
    let Some(base) = base else { return Vec::new() };
    let named: BTreeSet<&str> = next.wanted_files().map(|file| file.key.as_str()).collect();
    let known: BTreeSet<&str> = base.previous.iter().map(|old| old.key.as_str()).collect();
    let dropped = named_keys(base).into_iter().filter(|key| !known.contains(key));
    let kept = base.previous.iter().cloned();
    kept.chain(dropped.map(|key| Previous {
        key: key.to_owned(),
        since: now,
    }))
    .filter(|old| !named.contains(old.key.as_str()))
    .collect()
}
