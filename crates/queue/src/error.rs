//! What a queue call can end in, named by what the caller can do about it.

/// A failed queue call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The broker cannot be reached or cannot take anything now. Nothing was accepted.
    #[error("{queue}: {operation}: the broker is unavailable")]
    Unavailable {
        /// Which queue or broker.
        queue: String,
        /// What was tried.
        operation: &'static str,
        /// What the driver said.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The payload can never be sent: too large, or the queue does not exist.
    #[error("{queue}: the message is refused: {reason}")]
    Refused {
        /// Which queue.
        queue: String,
        /// For people.
        reason: String,
    },
    /// The broker cannot be used as it is (a network file system, a database of a newer version).
    #[error("{queue}: cannot be used: {reason}")]
    Unusable {
        /// Which queue or broker.
        queue: String,
        /// For people, with the fix.
        reason: String,
    },
}

impl Error {
    /// May the same call succeed later, with nothing else changed?
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}
