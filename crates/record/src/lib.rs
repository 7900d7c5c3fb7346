//! The record of an original: types, compare-and-swap, "is it current?", projections (manifest, aliases).
mod aliases;
mod error;
mod failures;
pub mod objects;
mod project;
mod projector;
mod record;
mod records;
pub mod revision;
#[cfg(test)]
mod samples;
mod shown;
mod transition;
mod urls;

pub use aliases::{Alias, aliases};
pub use error::Error;
pub use failures::{FailureRecord, Failures, UnreadableRecord};
pub use project::{manifest, original};
pub use projector::{
    ALIAS_CACHE_CONTROL, ALIAS_OF, DERIVATIVE_MARK, FILE_CACHE_CONTROL, MANIFEST_CACHE_CONTROL, Projector,
};
pub use record::{
    DroppedEntry, FailureEntry, FileEntry, LaneState, LaneStatus, Observation, Placeholder, Previous, Record,
    Said, Standing,
};
pub use records::{KEY_BYTES_MAX, Listed, Loaded, Records, Swap};
pub use shown::{Shown, shown};
pub use transition::{
    Change, Need, Seen, View, Wanted, adoptable, decide, fence, named_keys, next_generation, passed,
    pending_lanes, publish, same_upload, sweepable, swept, tombstone,
};
pub use urls::PublicUrls;
