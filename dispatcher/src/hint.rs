//! A hint: somebody says that one original may have changed.
use std::time::SystemTime;

use minilab_store::{ETag, Key};
use minilab_telemetry::Producer;

/// What an event or a listing says of one key. Never believed, only measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Key of the original.
    pub key: Key,
    /// What seems to have happened.
    pub change: Change,
    /// The version seen, if one was.
    pub etag: Option<ETag>,
    /// The store's own version id, if one was seen.
    pub version_id: Option<String>,
    /// The length seen, if one was.
    pub size_bytes: Option<u64>,
    /// When it changed, if the producer says.
    pub event_time: Option<SystemTime>,
    /// Who says so.
    pub producer: Producer,
    /// The focal point that is said beside the store.
    pub focal: Option<String>,
}

/// What seems to have happened to an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It was created or overwritten. Of no interest unless a rule takes its key.
    Uploaded,
    /// It was removed. A record may exist even if no rule takes the key any more.
    Removed,
    /// A record exists that may not be current, whatever the rules say now.
    Recorded,
}

impl Hint {
    /// A hint that tells no more than that.
    pub fn new(key: Key, change: Change, producer: Producer) -> Self {
        Self {
            key,
            change,
            etag: None,
            version_id: None,
            size_bytes: None,
            event_time: None,
            producer,
            focal: None,
        }
    }
}
