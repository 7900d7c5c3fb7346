//! What reading and writing private state can end in, named by what the caller can do about it.
use minilab_store::Key;

/// A failed call on records, revisions, failure records or projections.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The original's key leaves no room for the prefix of its record.
    #[error(
        "the key of the original has {bytes} bytes, more than the {max} that a record's name can hold: rename the \
         original (its key begins with {begins:?})",
        max = crate::KEY_BYTES_MAX
    )]
    KeyTooLong {
        /// How many it has.
        bytes: usize,
        /// Enough of it to be found.
        begins: String,
    },
    /// No object can have that name.
    #[error("{key:?} cannot name an object")]
    KeyInvalid {
        /// The refused name.
        key: String,
        /// Why.
        #[source]
        cause: minilab_store::InvalidKey,
    },
    /// The object is there and is not what minilab writes.
    #[error(
        "{store}: {key} cannot be read as {what}: move the object aside (the originals' files are made anew from the \
         next event or `minilab reconcile`), or restore it"
    )]
    Unreadable {
        /// Which store.
        store: String,
        /// Which object.
        key: Key,
        /// `a record`, `a configuration revision`, ...
        what: &'static str,
        /// What is wrong with it.
        #[source]
        cause: serde_json::Error,
    },
    /// The object was written by a later release.
    #[error(
        "{store}: {key} has version {found} of {what}, this build reads up to {known}: upgrade this process (all \
         workers and dispatchers of one state store run releases that know each other's records)"
    )]
    NewerForm {
        /// Which store.
        store: String,
        /// Which object.
        key: Key,
        /// `a record`, ...
        what: &'static str,
        /// The version it says it has.
        found: u64,
        /// The last version this build knows.
        known: u32,
    },
    /// The store's answer to a conditional write never came: it may have happened or may still happen.
    #[error("the write of {key} was sent and its outcome is not known")]
    Ambiguous {
        /// Which object.
        key: Key,
        /// What the store said.
        #[source]
        cause: minilab_store::Error,
    },
    /// Somebody else wrote the object each time.
    #[error("{key} was swapped by others {tries} times in a row: try again later")]
    Contended {
        /// Which object.
        key: Key,
        /// How often it was tried.
        tries: u32,
    },
    /// A call on the store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] minilab_store::Error),
}

impl Error {
    /// May the same call succeed later, with nothing else changed?
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Ambiguous { .. } | Self::Contended { .. } => true,
            Self::Store(cause) => cause.is_transient(),
            Self::KeyTooLong { .. }
            | Self::KeyInvalid { .. }
            | Self::Unreadable { .. }
            | Self::NewerForm { .. } => false,
        }
    }

    /// Was the write of a record sent without an answer? Every copy of the job must then carry `ambiguous`.
    pub fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Ambiguous { .. })
    }
}
