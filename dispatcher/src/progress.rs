//! How far the dispatcher is, for progress bars and readiness.

/// A snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Keys seen by passes so far.
    pub seen: u64,
    /// Jobs sent so far, by passes and by the watch.
    pub enqueued: u64,
    /// Files that may still be being written, so that they have no job yet.
    pub settling: u64,
    /// Has a whole pass ended since the start? From then on everything there is has a job, is settling or needs none.
    pub caught_up: bool,
    /// Did the brake stop the last whole pass?
    pub braked: bool,
    /// How changes are noticed.
    pub watching: Watching,
}

/// How changes in the folder are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Watching {
    /// There is no folder: by passes alone.
    #[default]
    Nothing,
    /// By the system's events.
    Events,
    /// By listing the folder again and again, because the system grants no more watches.
    Listings,
}
