//! What two listings and a record say of one key. Pure; the attempt decides anew.
use std::collections::BTreeMap;

use minilab_recipe::{Decision, Lane, OnDelete};
use minilab_record::{Record, pending_lanes};
use minilab_store::Listed;
use minilab_telemetry::Finding;

/// Compares an original with its record under the rule that takes its key.
///
/// An original that no rule takes and that has no files is current: there is nothing to make and nothing to remove.
pub(crate) fn compare(
    original: Option<&Listed>,
    record: Option<&Record>,
    decision: &Decision<'_>,
    on_delete: OnDelete,
) -> Finding {
    let recipe = match decision {
        Decision::Recipe { recipe, .. } => Some(*recipe),
        Decision::Nothing => None,
    };
    let live = record.and_then(|record| record.observation.as_ref().map(|seen| (record, seen)));
    match (original, live, recipe) {
        (None, None, _) | (Some(_), None, None) => Finding::Current,
        // The attempt keeps them as they are.
        (None, Some(_), Some(_)) if on_delete == OnDelete::Keep => Finding::Current,
        (None, Some(_), _) => Finding::Gone,
        (Some(_), None, Some(_)) => Finding::Missing,
        (Some(_), Some((record, _)), None) if record.wanted_files().next().is_none() => Finding::Current,
        (Some(_), Some(_), None) => Finding::Unmatched,
        (Some(original), Some((_, seen)), Some(_))
            if seen.etag != original.etag || seen.size_bytes != original.size_bytes =>
        {
            Finding::Changed
        }
        (Some(_), Some((record, _)), Some(recipe)) => {
            let digests = recipe
                .lanes()
                .into_iter()
                .map(|lane| (lane, recipe.lane_digest(lane)))
                .collect();
            of_lanes(record, &digests)
        }
    }
}

fn of_lanes(record: &Record, digests: &BTreeMap<Lane, String>) -> Finding {
    let pending = pending_lanes(record, digests);
    let dropped = record.lanes.keys().any(|lane| !digests.contains_key(lane));
    let decided_otherwise = |lane: &Lane| {
        record
            .lanes
            .get(lane)
            .is_some_and(|state| state.status.is_final())
    };
    if dropped || pending.iter().any(decided_otherwise) {
        Finding::Stale
    } else if pending.is_empty() {
        Finding::Current
    } else {
        Finding::Pending
    }
}
