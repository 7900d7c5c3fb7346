//! What the dispatcher's work can end in.
use std::path::PathBuf;

/// A failed pass or intake.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A store call failed.
    #[error(transparent)]
    Store(#[from] minilab_store::Error),
    /// The queue took nothing.
    #[error(transparent)]
    Queue(#[from] minilab_queue::Error),
    /// A record could not be read, listed or swapped.
    #[error(transparent)]
    Record(#[from] minilab_record::Error),
    /// What receivers are to hear could not be noted.
    #[error(transparent)]
    Notify(#[from] minilab_notify::Error),
    /// A listing that is not in key order would make originals look deleted.
    #[error(
        "the listing of {listing} names {key:?} after {previous:?}: it is not in byte order, so nothing can be compared with it"
    )]
    Misordered {
        /// `originals` or `records`.
        listing: &'static str,
        /// The key before.
        previous: String,
        /// The key out of order.
        key: String,
    },
    /// The folder cannot be watched at all.
    #[error("the folder {folder} cannot be watched: check that it exists and may be read", folder = folder.display())]
    Watch {
        /// Which folder.
        folder: PathBuf,
        /// What the system said.
        #[source]
        cause: notify::Error,
    },
}

impl Error {
    /// May the same work succeed later, with nothing else changed?
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(cause) => cause.is_transient(),
            Self::Queue(cause) => cause.is_transient(),
            Self::Record(cause) => cause.is_transient(),
            Self::Notify(cause) => cause.is_transient(),
            Self::Misordered { .. } | Self::Watch { .. } => false,
        }
    }

    /// Does a store refuse us something?
    pub fn is_denied(&self) -> bool {
        use minilab_store::Error::Denied;
        matches!(
            self,
            Self::Store(Denied { .. }) | Self::Record(minilab_record::Error::Store(Denied { .. }))
        )
    }

    /// Is it of one object alone, so that the others can be looked at? A store that refuses us everything refuses its listing.
    pub(crate) fn is_of_one(&self) -> bool {
        use minilab_store::Error::{Denied, KeyRefused, TooLarge};
        let of_one = |cause: &minilab_store::Error| {
            matches!(cause, Denied { .. } | KeyRefused { .. } | TooLarge { .. })
        };
        match self {
            Self::Store(cause) | Self::Record(minilab_record::Error::Store(cause)) => of_one(cause),
            Self::Record(_) => true,
            Self::Notify(_) | Self::Queue(_) | Self::Misordered { .. } | Self::Watch { .. } => false,
        }
    }
}
