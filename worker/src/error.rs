//! Why an attempt did not reach its end. What becomes of it is decided in [`crate::outcome`] alone.
use minilab_recipe::{KeyRefused, Refusal};

use crate::{
    dependency::Dependency,
    renderer::{CrashKind, RenderError},
};

/// A failed attempt.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store of originals failed.
    #[error(transparent)]
    Originals(minilab_store::Error),
    /// The store of files failed.
    #[error(transparent)]
    Output(minilab_store::Error),
    /// A store of overlays and masks failed.
    #[error(transparent)]
    Asset(minilab_store::Error),
    /// A record could not be read or written.
    #[error(transparent)]
    Record(#[from] minilab_record::Error),
    /// A manifest or an alias could not be written.
    #[error(transparent)]
    Projection(minilab_record::Error),
    /// The renderer failed.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A follow-up job could not be published.
    #[error(transparent)]
    Queue(#[from] minilab_queue::Error),
    /// A canary got no answer at all.
    #[error("{dependency} does not answer")]
    Silent {
        /// What was asked.
        dependency: Dependency,
    },
    /// No memory file for the original.
    #[error("no memory for the original {key}: free memory or descriptors")]
    Memory {
        /// Key of the original.
        key: String,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// The recipe or its limits refuse the original; the same bytes are refused again.
    #[error("{sentence}")]
    Refused {
        /// Stable code.
        code: String,
        /// For people.
        sentence: String,
    },
    /// An event tells of an original that the store does not show yet.
    #[error("the original {key} is announced, but not there yet")]
    NotYetThere {
        /// Its key.
        key: String,
    },
    /// The original or its record changed at every look.
    #[error("the original {key} changed at each of {rounds} looks")]
    Restless {
        /// Key of the original.
        key: String,
        /// How many looks there were.
        rounds: u32,
    },
    /// Somebody works by a newer configuration.
    #[error("the configuration has revision {needed}, this worker has {ours}: restart it with the newer one")]
    Stale {
        /// The newer one.
        needed: u64,
        /// This worker's.
        ours: u64,
    },
    /// The message is no job of this worker.
    #[error("the message is no job: {reason}")]
    Envelope {
        /// For people.
        reason: String,
    },
    /// The delivery was held for as long as one may be.
    #[error("the job ran into its deadline")]
    Deadline,
    /// The broker has handed the job out before, and nobody has settled it.
    #[error("the job was handed out before and never settled: its worker died, or lost its lease")]
    Unsettled,
    /// A defect of this program, met with this original.
    #[error("the attempt panicked: {message}")]
    Panic {
        /// What it said.
        message: String,
    },
    /// It is tried no more, after it took down whoever tried.
    #[error("{sentence}")]
    Poison {
        /// Stable code of what it did last.
        code: String,
        /// What it did last.
        sentence: String,
    },
    /// The delivery is no longer ours.
    #[error("the delivery's lease was lost")]
    LeaseLost,
    /// It would wait beside a job that runs alone, and be taken for what that one does.
    #[error("another job of this worker has to run alone")]
    Beside,
    /// The worker was told to stop working.
    #[error("the worker was stopped")]
    Aborted,
}

impl Error {
    /// May the same job succeed later, with nothing else changed?
    pub fn is_transient(&self) -> bool {
        crate::outcome::Class::of(self).is_transient()
    }

    /// A stable code, and the error with all its causes in one sentence: what records, dead letters and logs say.
    pub fn code_and_sentence(&self) -> (String, String) {
        let code = match self {
            Self::Refused { code, .. }
            | Self::Poison { code, .. }
            | Self::Render(RenderError::Input { code, .. }) => code.as_str(),
            Self::Render(RenderError::Crash { how, .. }) => match how {
                CrashKind::Signal(_) => "renderer_signal",
                CrashKind::Exit(_) => "renderer_exit",
                CrashKind::Deadline => "renderer_deadline",
                CrashKind::Memory => "renderer_memory",
                CrashKind::Protocol => "renderer_protocol",
            },
            Self::Render(RenderError::Unavailable { .. }) => "renderer_unavailable",
            Self::Render(RenderError::Unwalled { .. }) => "sandbox_missing",
            Self::Originals(error) | Self::Output(error) | Self::Asset(error) => match error {
                minilab_store::Error::Denied { .. } => "store_denied",
                minilab_store::Error::Unavailable { .. } => "store_unavailable",
                minilab_store::Error::Unusable { .. } => "store_unusable",
                minilab_store::Error::KeyRefused { .. } => "key_refused",
                _ => "store_failed",
            },
            Self::Projection(_) => "projection_failed",
            Self::Silent { .. } => "no_answer",
            Self::Record(error) if error.is_ambiguous() => "record_ambiguous",
            Self::Record(_) => "record_failed",
            Self::Queue(_) => "queue_failed",
            Self::Memory { .. } => "no_memory_file",
            Self::NotYetThere { .. } => "not_yet_there",
            Self::Restless { .. } => "restless",
            Self::Stale { .. } => "stale_configuration",
            Self::Envelope { .. } => "envelope",
            Self::Deadline => "deadline",
            Self::Unsettled => "unsettled",
            Self::Panic { .. } => "panic",
            Self::LeaseLost => "lease_lost",
            Self::Beside => "beside",
            Self::Aborted => "aborted",
        };
        let mut sentence = match self {
            Self::Render(RenderError::Input { sentence, .. }) => sentence.clone(),
            other => other.to_string(),
        };
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            sentence.push_str(": ");
            sentence.push_str(&error.to_string());
            cause = error.source();
        }
        (code.to_owned(), sentence)
    }
}

/// Outboxes lie where records do, and senders are woken through the broker of the jobs.
impl From<minilab_notify::Error> for Error {
    fn from(error: minilab_notify::Error) -> Self {
        match error {
            minilab_notify::Error::Outbox(error) => Self::Record(error),
            minilab_notify::Error::Queue(error) => Self::Queue(error),
            other => Self::Envelope {
                reason: other.to_string(),
            },
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused {
            code: refusal.code.as_str().to_owned(),
            sentence: refusal.sentence,
        }
    }
}

impl From<KeyRefused> for Error {
    fn from(refused: KeyRefused) -> Self {
        Self::Refused {
            code: "key_refused".to_owned(),
            sentence: refused.to_string(),
        }
    }
}
