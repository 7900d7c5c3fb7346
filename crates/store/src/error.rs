//! What a store call can end in, named by what the caller can do about it.
use crate::Key;

/// A failed store call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nothing is stored under the key.
    #[error("{store}: no object {key}")]
    NotFound {
        /// Which store.
        store: String,
        /// Which key.
        key: Key,
    },
    /// The object is not in the state that the condition named (HTTP 412), or is being written by somebody else (409).
    #[error("{store}: {operation} {key}: the object is not what the condition says")]
    Precondition {
        /// Which store.
        store: String,
        /// `get` or `put`.
        operation: &'static str,
        /// Which key.
        key: Key,
    },
    /// The store refuses this caller this object.
    #[error("{store}: {operation} {key}: permission denied")]
    Denied {
        /// Which store.
        store: String,
        /// What was tried.
        operation: &'static str,
        /// Which key.
        key: Key,
        /// What the system said.
        #[source]
        cause: Option<std::io::Error>,
    },
    /// The store as a whole cannot take or give anything now: disk full, read-only, not mounted, unreachable.
    #[error("{store}: {operation} {key}: the store is unavailable: {reason}")]
    Unavailable {
        /// Which store.
        store: String,
        /// What was tried.
        operation: &'static str,
        /// Which key.
        key: Key,
        /// For people: `disk full`, `read-only file system`, ...
        reason: String,
    },
    /// No call can be made to the store until something beside it changes: credentials cannot be had or have expired,
    /// the bucket is not there or elsewhere. Nothing was written, and no other key would be answered better.
    #[error("{store}: {operation}: the store cannot be used: {reason}")]
    Unusable {
        /// Which store.
        store: String,
        /// What was tried.
        operation: &'static str,
        /// For people: what does not hold, and what to do.
        reason: String,
    },
    /// This store can never hold that key (a folder cannot hold `..`).
    #[error("{store}: the key {key} cannot be stored: {reason}")]
    KeyRefused {
        /// Which store.
        store: String,
        /// Which key.
        key: Key,
        /// For people.
        reason: String,
    },
    /// Something else went wrong on the way; the outcome of a write is unknown.
    #[error("{store}: {operation} {key} failed")]
    Io {
        /// Which store.
        store: String,
        /// What was tried.
        operation: &'static str,
        /// Which key.
        key: Key,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The object has more bytes than the caller is willing to hold in memory.
    #[error("{store}: get {key}: {size_bytes} bytes are more than the {cap_bytes} that are read at once")]
    TooLarge {
        /// Which store.
        store: String,
        /// Which key.
        key: Key,
        /// How many it has.
        size_bytes: u64,
        /// How many were allowed.
        cap_bytes: usize,
    },
    /// The store cannot do what is asked of it, now or later: it ignores conditions, knows no such delimiter.
    #[error("{store}: {reason}")]
    Unsupported {
        /// Which store.
        store: String,
        /// For people: what does not hold, and what to do.
        reason: String,
    },
    /// The store cannot be opened at all.
    #[error("{store} cannot be opened: {reason}")]
    NotOpened {
        /// Which store.
        store: String,
        /// For people: what is wrong, and what to do.
        reason: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
}

impl Error {
    /// May the same call succeed later, with nothing else changed?
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::Unusable { .. } | Self::Io { .. }
        )
    }

    /// Is nothing stored there? Only this answer means absence: a denied or failed call never does.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}
