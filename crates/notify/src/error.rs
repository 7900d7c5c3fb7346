//! What noting and handing out notifications can end in, named by what the caller can do about it.

/// A failed call on outboxes or their wake-ups. A receiver that takes nothing is none: that is written in its outbox.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An outbox could not be read or written.
    #[error(transparent)]
    Outbox(#[from] minilab_record::Error),
    /// A wake-up could not be sent.
    #[error(transparent)]
    Queue(#[from] minilab_queue::Error),
    /// A later release wrote the wake-up.
    #[error("the wake-up has version {found}, which this process cannot read: upgrade it")]
    Newer {
        /// The version it says it has.
        found: u32,
    },
    /// The message is no wake-up.
    #[error("the message is no wake-up of an outbox")]
    NoWakeUp {
        /// What the parser said.
        #[source]
        cause: serde_json::Error,
    },
}

impl Error {
    /// May the same call succeed later, with nothing else changed?
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Outbox(error) => error.is_transient(),
            Self::Queue(error) => error.is_transient(),
            Self::Newer { .. } | Self::NoWakeUp { .. } => false,
        }
    }
}
