//! What a sweep notes of its way, and what it tells at its end.
use serde::{Deserialize, Serialize};

use crate::{Ended, Way, brake::Held};

/// What a pass did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SweepReport {
    /// How it ended.
    pub ended: Ended,
    /// Records seen.
    pub records: u64,
    /// Originals with files to delete.
    pub due: u64,
    /// Files deleted that a record had kept through their time of grace.
    pub deleted: u64,
    /// Files deleted that no record named.
    pub leftovers: u64,
    /// Bytes of the files deleted.
    pub bytes: u64,
    /// Records that somebody else swapped meanwhile; the next pass sees them.
    pub moved_on: u64,
    /// Records that could not be swapped or read; logged, nothing of theirs was deleted.
    pub failed: u64,
}

/// Counts, where it is, and what the brake holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SweepWay {
    /// What it looks at.
    pub stage: Stage,
    /// The last key that was looked at. All that was found up to it is deleted or held.
    pub after: Option<String>,
    /// What it did so far.
    pub report: SweepReport,
    /// Originals that wait for the brake.
    pub(crate) held: Held<String>,
}

/// What a sweep looks at, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// All records.
    #[default]
    Records,
    /// All files, if it is a full pass.
    Files,
    /// What the brake has let go.
    Held,
}

impl Way for SweepWay {
    const OBJECT: &'static str = "passes/sweep";
    const WHAT: &'static str = "the ledger of sweeps";

    fn counts(self) -> Self {
        Self {
            report: self.report,
            ..Self::default()
        }
    }
}
