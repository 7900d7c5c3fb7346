//! What must hold at every moment, and what when all is quiet.
use std::collections::BTreeSet;

use minilab_record::{LaneStatus, Record, named_keys, pending_lanes};
use stateright::Property;

use crate::{
    originals::{digest, fingerprint},
    scenario::Scenario,
    world::{Law, Version, World},
};

pub const NO_DANGLING_NAME: &str = "no dangling name";
pub const NO_MIX: &str = "no mix of two uploads";
pub const NO_REGRESS: &str = "no regress";
pub const NOTHING_LIVE_IS_DELETED: &str = "nothing live is deleted";
pub const GENERATIONS_RISE: &str = "generations rise";
pub const CONVERGED: &str = "converged when quiet";
/// Without it the law before would hold of nothing.
const QUIET: &str = "it becomes quiet";

pub fn all() -> Vec<Property<Scenario>> {
    vec![
        Property::always(NO_DANGLING_NAME, |_, world| no_dangling_name(world)),
        Property::always(NO_MIX, |_, world| no_mix(world)),
        Property::always(NO_REGRESS, |_, world| keeps(world, Law::NoRegress)),
        Property::always(NOTHING_LIVE_IS_DELETED, |_, world| {
            keeps(world, Law::NothingLiveIsDeleted)
        }),
        Property::always(GENERATIONS_RISE, |_, world| keeps(world, Law::GenerationsRise)),
        Property::always(CONVERGED, |scenario, world| {
            !is_quiet(scenario, world) || is_converged(scenario, world)
        }),
        Property::sometimes(QUIET, is_quiet),
    ]
}

fn keeps(world: &World, law: Law) -> bool {
    world.broken != Some(law)
}

/// Lanes, the set that stands, and what a rollback may use.
fn no_dangling_name(world: &World) -> bool {
    let named = world
        .record
        .iter()
        .flat_map(|version| named_keys(&version.record));
    named.into_iter().all(|key| world.files.contains(key))
}

/// The manifest shows one of the two sets of the record it was written from.
fn no_mix(world: &World) -> bool {
    let records = world.record.iter().chain(&world.projected);
    records.into_iter().all(|version| is_unmixed(&version.record))
}

fn is_unmixed(record: &Record) -> bool {
    let standing = record.standing.iter().map(|s| {
        (
            Some(&s.observation),
            s.lanes.values().collect::<Vec<_>>(),
            &s.placeholder,
        )
    });
    let lanes = record.lanes.values().map(|state| &state.files).collect();
    let own = (record.observation.as_ref(), lanes, &record.placeholder);
    standing.chain([own]).all(|(observation, lanes, placeholder)| {
        let bytes = observation.and_then(|observation| observation.sha256);
        let thumbhash = placeholder
            .thumbhash
            .as_ref()
            .and_then(|text| text.chars().next());
        let are_of_it = lanes.into_iter().flatten().all(|file| Some(file.sha256) == bytes);
        are_of_it && thumbhash.is_none_or(|letter| Some(digest(letter)) == bytes)
    })
}

/// Nothing is left to be done, and nobody does anything.
pub fn is_quiet(scenario: &Scenario, world: &World) -> bool {
    world.write == scenario.uploads.count()
        && world.revision == scenario.newest().revision
        && world.reconciled
        && world.jobs.is_empty()
        && world.workers.iter().all(|worker| worker.run.is_none())
}

fn is_converged(scenario: &Scenario, world: &World) -> bool {
    let record = world.record.as_ref().map(|version| &*version.record);
    let is_shown = || shown(scenario, world.record.as_ref()) == shown(scenario, world.projected.as_ref());
    is_current(scenario, world, record) && (!scenario.projects || is_shown())
}

/// Is the record what the newest configuration makes of the newest bytes?
fn is_current(scenario: &Scenario, world: &World, record: Option<&Record>) -> bool {
    let (Some(seen), Some(bytes)) = (
        scenario.uploads.seen(world.write),
        scenario.uploads.bytes(world.write),
    ) else {
        return record.is_none_or(|record| record.observation.is_none());
    };
    let newest = scenario.newest();
    let Some(record) = record else { return false };
    let lanes_are_made = newest.lanes.iter().all(|(lane, made)| {
        record.lanes.get(lane).is_some_and(|state| {
            let wanted: BTreeSet<String> = made.iter().map(|d| fingerprint(*d, bytes)).collect();
            let there: BTreeSet<String> = state.files.iter().map(|f| f.fingerprint.clone()).collect();
            state.status == LaneStatus::Done && wanted == there && state.files.len() == made.len()
        })
    });
    record
        .observation
        .as_ref()
        .is_some_and(|known| known.etag == seen.etag)
        && record.standing.is_none()
        && record.lanes.len() == newest.lanes.len()
        && lanes_are_made
}

/// What a manifest tells.
fn shown(scenario: &Scenario, version: Option<&Version>) -> Option<(bool, Vec<String>, usize)> {
    let record = &version?.record;
    let shown = minilab_record::shown(record);
    let keys = shown.files.iter().map(|file| file.key.clone()).collect();
    let pending = pending_lanes(record, &scenario.newest().wanted.lanes).len();
    Some((shown.observation.is_some(), keys, pending))
}
