//! What a reconcile pass notes of its way.
use std::time::SystemTime;

use minilab_store::{ETag, Key, Listed};
use minilab_telemetry::Producer;
use serde::{Deserialize, Serialize};

use crate::{Change, Hint, Report, Way, brake::Held};

/// Counts, where it is, and what the brake holds.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReconcileWay {
    /// The last key that was looked at. All findings up to it are sent or held.
    pub after: Option<String>,
    /// What it found and did so far.
    pub report: Report,
    pub(crate) held: Held<HeldHint>,
}

impl Way for ReconcileWay {
    const OBJECT: &'static str = "passes/reconcile";
    const WHAT: &'static str = "the ledger of reconcile passes";

    fn counts(self) -> Self {
        Self {
            report: self.report,
            ..Self::default()
        }
    }
}

/// A hint that waits for the brake.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HeldHint {
    key: Key,
    /// Is there a record of it?
    recorded: bool,
    original: Option<HeldOriginal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct HeldOriginal {
    etag: ETag,
    size_bytes: u64,
    modified: SystemTime,
}

impl HeldHint {
    pub(super) fn new(key: Key, original: Option<&Listed>, recorded: bool) -> Self {
        Self {
            key,
            recorded,
            original: original.map(|original| HeldOriginal {
                etag: original.etag.clone(),
                size_bytes: original.size_bytes,
                modified: original.modified,
            }),
        }
    }
}

impl From<HeldHint> for Hint {
    fn from(held: HeldHint) -> Self {
        let change = if held.recorded {
            Change::Recorded
        } else {
            Change::Uploaded
        };
        let hint = Self::new(held.key, change, Producer::Scan);
        match held.original {
            Some(original) => Self {
                etag: Some(original.etag),
                size_bytes: Some(original.size_bytes),
                event_time: Some(original.modified),
                ..hint
            },
            None => hint,
        }
    }
}
