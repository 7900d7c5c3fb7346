//! The record of an original: types, compare-and-swap, "is it current?", projections (manifest, aliases).
mod error;
mod objects;
mod record;
mod records;
mod transition;

pub use error::Error;
pub use record::{
    FailureEntry, FileEntry, LaneState, LaneStatus, Observation, Placeholder, Previous, Record, Standing,
};
pub use records::{KEY_BYTES_MAX, Listed, Loaded, Records, Swap};
pub use transition::{
    Change, Need, Seen, View, Wanted, adoptable, decide, fence, named_keys, next_generation, pending_lanes,
    publish, same_upload, sweepable, swept, tombstone,
};
