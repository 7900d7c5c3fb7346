//! The state machine of a record: pure functions from a record and what was found out to the next record.
//!
//! Deciding is step 3 of the protocol, adopting step 6, publishing and tombstones step 8; see the guarantees.
mod decide;
mod publish;
mod sweep;
#[cfg(test)]
mod tests;
mod upload;

pub use decide::{Need, Seen, View, adoptable, decide, pending_lanes};
pub use publish::{Change, Wanted, fence, next_generation, publish, tombstone};
pub use sweep::{named_keys, passed, sweepable, swept};
pub use upload::same_upload;
