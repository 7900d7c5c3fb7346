//! What a record names, and how files leave it for good.
use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use minilab_recipe::Lane;

use crate::{FileEntry, Previous, Record};

impl Record {
    /// Every file that is wanted: of its lanes, and of the set that still stands.
    pub fn wanted_files(&self) -> impl Iterator<Item = &FileEntry> {
        let standing = self.standing.iter().flat_map(|standing| standing.lanes.values());
        self.lanes
            .values()
            .map(|state| &state.files)
            .chain(standing)
            .flatten()
    }
}

/// Every key that the record names, wanted or in its time of grace.
pub fn named_keys(record: &Record) -> BTreeSet<&str> {
    let wanted = record.wanted_files().map(|file| file.key.as_str());
    wanted
        .chain(record.previous.iter().map(|old| old.key.as_str()))
        .collect()
}

/// The files whose time of grace is over.
pub fn sweepable(record: &Record, now: Timestamp, retain: Duration) -> Vec<Previous> {
    let over = |old: &&Previous| old.since.checked_add(retain).is_ok_and(|end| end <= now);
    record.previous.iter().filter(over).cloned().collect()
}

/// The record without `keys` among its previous files. It is swapped in before anything is deleted.
pub fn swept(record: &Record, keys: &BTreeSet<String>, now: Timestamp) -> Record {
    let mut next = record.clone();
    next.generation += 1;
    next.updated = now;
    next.previous.retain(|old| !keys.contains(&old.key));
    next
}

/// The record whose lanes have all passed `generation`; `None` if they have already.
///
/// Files of that generation or an earlier one that `record` does not name may be deleted once it is swapped in: whoever comes
/// later makes later ones, and whoever is under way loses. Every lane there can be, because a file does not say which it is
/// of.
pub fn passed(record: &Record, generation: u64, now: Timestamp) -> Option<Record> {
    let mut next = record.clone();
    for lane in Lane::ALL {
        let reached = match next.lanes.get_mut(&lane) {
            Some(state) => &mut state.generation,
            None => next.retired.entry(lane).or_default(),
        };
        *reached = generation.max(*reached);
    }
    next.generation += 1;
    next.updated = now;
    (next.retired != record.retired || next.lanes != record.lanes).then_some(next)
}
