//! Step 3: is there anything to do, and what may be kept?
use std::collections::BTreeMap;

use minilab_recipe::Lane;
use minilab_store::ETag;

use crate::{FileEntry, LaneState, LaneStatus, Record, Said};

/// What an attempt knows after its HEAD of the original.
#[derive(Debug, Clone)]
pub struct View<'a> {
    /// What HEAD answered; `None`: the original is gone.
    pub original: Option<Seen>,
    /// Which lane the attempt is for.
    pub lane: Lane,
    /// The lanes that the recipe uses, with the digests of their parts.
    pub lanes: &'a BTreeMap<Lane, String>,
    /// Build of the engine.
    pub engine: &'a str,
    /// Configuration revision of this process.
    pub revision: u64,
    /// Was a record write sent whose answer is not known?
    pub ambiguous: bool,
    /// Is a failed lane made again, although nothing has changed? So asks an operator who puts a dead letter back.
    pub retry_failed: bool,
}

/// An original as HEAD shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The store's version.
    pub etag: ETag,
    /// Length in bytes.
    pub size_bytes: u64,
    /// The store's version id, if it keeps versions.
    pub version_id: Option<String>,
    /// The object metadata that the recipe reads, by name; what jobs said stands in its place.
    pub reads: BTreeMap<String, String>,
    /// What a job has said of it.
    pub said: Option<Said>,
}

/// What an attempt must do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// The record says it all.
    Nothing,
    /// Swap the same content once ([`crate::fence`]), so that a write still under way can only lose.
    Fence,
    /// Read the original, make the lane's files, [`crate::publish`].
    Make,
    /// The original is gone and the record does not say so: [`crate::tombstone`].
    Tombstone,
    /// The record was swapped under a newer configuration revision: release with delay.
    Newer,
}

/// Decides step 3 for a record as loaded *before* the HEAD that `view` tells of.
pub fn decide(record: Option<&Record>, view: &View<'_>) -> Need {
    let settled = if view.ambiguous {
        Need::Fence
    } else {
        Need::Nothing
    };
    match (record, &view.original) {
        (Some(record), _) if record.revision > view.revision => Need::Newer,
        (None, None) => Need::Nothing,
        (None, Some(_)) => Need::Make,
        (
            Some(Record {
                observation: None, ..
            }),
            None,
        ) => settled,
        (Some(_), None) => Need::Tombstone,
        (Some(record), Some(seen)) => {
            let current = record.observation.as_ref().is_some_and(|known| {
                known.etag == seen.etag
                    && known.size_bytes == seen.size_bytes
                    && known.version_id == seen.version_id
                    && known.reads == seen.reads
            });
            let decided = record.lanes.get(&view.lane).is_some_and(|state| {
                let digest = view.lanes.get(&view.lane);
                let stays_failed = state.engine == view.engine && !view.retry_failed;
                digest.is_some_and(|digest| is_decided(state, digest))
                    && (state.status != LaneStatus::Failed || stays_failed)
            });
            // No job will ever come for a lane that the recipe has dropped: the next one of any lane takes it out.
            let dropped = record.lanes.keys().any(|lane| !view.lanes.contains_key(lane));
            if current && decided && !dropped {
                settled
            } else {
                Need::Make
            }
        }
    }
}

/// The lanes that the recipe uses and that are not decided for it, in the order in which they are made. A tombstone
/// has none.
pub fn pending_lanes(record: &Record, recipe_lanes: &BTreeMap<Lane, String>) -> Vec<Lane> {
    if record.observation.is_none() {
        return Vec::new();
    }
    let pending =
        |(lane, digest): &(&Lane, &String)| !record.lanes.get(lane).is_some_and(|s| is_decided(s, digest));
    recipe_lanes
        .iter()
        .filter(pending)
        .map(|(lane, _)| *lane)
        .collect()
}

/// A file the record names that is exactly what is asked, whoever made it. Files in their time of grace are not
/// adopted: the sweep may be about to delete them.
pub fn adoptable<'a>(base: &'a Record, fingerprint: &str) -> Option<&'a FileEntry> {
    base.wanted_files().find(|file| file.fingerprint == fingerprint)
}

fn is_decided(state: &LaneState, digest: &str) -> bool {
    state.status.is_final() && state.recipe_digest == digest
}
