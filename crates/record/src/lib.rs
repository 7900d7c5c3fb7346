//! The record of an original: types, compare-and-swap, "is it current?", projections (manifest, aliases).
mod record;

pub use record::{
    FailureEntry, FileEntry, LaneState, LaneStatus, Observation, Placeholder, Previous, Record, Standing,
};
