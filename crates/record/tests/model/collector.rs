//! The sweep of the only record, in the order of the real one: what is over leaves the record and is deleted; then what was
//! never named, once all lanes have passed its generations.
use std::{collections::BTreeSet, time::Duration};

use minilab_record::{Record, named_keys, passed, sweepable, swept};

use crate::{
    originals::NOW,
    scenario::{Flaw, Reach, Scenario},
    world::{Put, Version, World},
};

/// How far a pass is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Collector {
    /// No pass.
    Idle,
    /// The record is about to forget these, or to pass their generations.
    Swap(Put, Doomed),
    /// These are about to be deleted.
    Delete(Doomed),
    /// What is stored is about to be listed.
    List(Version),
}

/// Keys of files, and what comes when they are deleted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Doomed {
    keys: Vec<String>,
    /// The record that decides of what is listed next, if anything is.
    next: Option<Version>,
}

impl Collector {
    /// Reads the record; `None`: there is nothing to be done.
    pub fn begin(scenario: &Scenario, world: &World) -> Option<Self> {
        let version = world.record.as_ref()?;
        let wanted: BTreeSet<&str> = version
            .record
            .wanted_files()
            .map(|file| file.key.as_str())
            .collect();
        let over: BTreeSet<String> = sweepable(&version.record, NOW, Duration::ZERO)
            .into_iter()
            .map(|previous| previous.key)
            .filter(|key| !wanted.contains(key.as_str()))
            .collect();
        if over.is_empty() {
            let is_worth_it = scenario.reaches(version) && !leftovers(&version.record, world).is_empty();
            return is_worth_it.then(|| Self::List(version.clone()));
        }
        let put = put_over(version, swept(&version.record, &over, NOW));
        let next = Some(put.next.clone()).filter(|next| scenario.reaches(next));
        let keys = over.into_iter().collect();
        Some(Self::Swap(put, Doomed { keys, next }))
    }

    /// Does the next step.
    pub fn step(self, scenario: &Scenario, world: &mut World) -> Self {
        match self {
            Self::Swap(put, doomed) if world.swap(scenario, &put) => Self::Delete(doomed),
            Self::Idle | Self::Swap(..) => Self::Idle,
            Self::Delete(mut doomed) => {
                let key = doomed.keys.pop().expect("a pass without keys has ended");
                world.delete_file(&key);
                match doomed.next {
                    _ if !doomed.keys.is_empty() => Self::Delete(doomed),
                    Some(record) => Self::List(record),
                    None => Self::Idle,
                }
            }
            Self::List(record) => list(scenario, &record, world),
        }
    }
}

impl Scenario {
    fn reaches(&self, version: &Version) -> bool {
        self.reach == Reach::Everything || version.record.observation.is_none()
    }
}

/// What was never named is deleted once all lanes have passed its generations.
fn list(scenario: &Scenario, version: &Version, world: &World) -> Collector {
    let keys = leftovers(&version.record, world);
    let Some(highest) = keys.iter().map(|key| generation(key)).max() else {
        return Collector::Idle;
    };
    let doomed = Doomed { keys, next: None };
    // With one generation for all lanes, the record has passed what its number says.
    let has_passed = scenario.has(Flaw::SharedGeneration) && highest <= version.record.generation;
    match passed(&version.record, highest, NOW).filter(|_| !has_passed) {
        Some(next) => Collector::Swap(put_over(version, next), doomed),
        None => Collector::Delete(doomed),
    }
}

fn put_over(base: &Version, next: Record) -> Put {
    Put {
        replaces: Some(base.etag),
        next: Version::new(next),
        proof: None,
    }
}

/// What is stored and not named.
fn leftovers(record: &Record, world: &World) -> Vec<String> {
    let named = named_keys(record);
    let is_unnamed = |key: &&String| !named.contains(key.as_str());
    world.files.iter().filter(is_unnamed).cloned().collect()
}

/// `7` of `o.jpg/photo-320w.g7-0123456789.jpg`.
fn generation(key: &str) -> u64 {
    let version = key.split(".g").nth(1).and_then(|rest| rest.split('-').next());
    version
        .and_then(|number| number.parse().ok())
        .expect("every key holds a generation")
}
