//! Why a message at `/sns` is not taken. Codes are stable.

use crate::quoted;

/// Longest part of what a stranger sent that is repeated.
const QUOTED_CHARS_MAX: usize = 120;

/// Why a message is refused for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SnsRefusal {
    /// It is no message of SNS.
    #[error("this is no message of SNS: {reason}")]
    Malformed {
        /// What the parser said.
        reason: String,
    },
    /// It was sent as it was published, which SNS does not sign.
    #[error("raw message delivery is not signed: switch it off in the subscription")]
    Raw,
    /// Its headers say something else than it.
    #[error("the headers say something else than the message")]
    Headers,
    /// Nobody asked for messages of its topic.
    #[error(
        "messages of the topic {topic:?} are not taken: add it to the document's intake, webhook, sns, topics"
    )]
    Topic {
        /// Its name.
        topic: String,
    },
    /// It is too old, or the clock is wrong.
    #[error("it was sent more than an hour from now: let SNS send it anew, or set the clock")]
    Stale,
    /// It is signed in a way that is not known.
    #[error("its signature has a version other than 1 and 2")]
    SignatureVersion,
    /// It names an address that is not SNS's in the topic's region.
    #[error("its {field} does not lead to SNS in the region of its topic")]
    Address {
        /// Which.
        field: &'static str,
    },
    /// What it names as a certificate is none that SNS signs with, now.
    #[error("its certificate is none that SNS signs with: {reason}")]
    Certificate {
        /// Why not.
        reason: String,
    },
    /// SNS has not signed it.
    #[error("its signature is not of its content")]
    Signature,
}

impl SnsRefusal {
    pub(super) fn malformed(reason: impl std::fmt::Display) -> Self {
        Self::Malformed {
            reason: quoted::sentence(&reason.to_string()),
        }
    }

    pub(super) fn topic(told: &str) -> Self {
        Self::Topic {
            topic: told.chars().take(QUOTED_CHARS_MAX).collect(),
        }
    }

    pub(super) fn certificate(reason: impl std::fmt::Display) -> Self {
        Self::Certificate {
            reason: reason.to_string(),
        }
    }

    /// Stable, for logs and answers.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "sns_malformed",
            Self::Raw => "sns_raw",
            Self::Headers => "sns_headers",
            Self::Topic { .. } => "sns_topic",
            Self::Stale => "sns_stale",
            Self::SignatureVersion => "sns_signature_version",
            Self::Address { .. } => "sns_address",
            Self::Certificate { .. } => "sns_certificate",
            Self::Signature => "sns_signature",
        }
    }

    /// Is its form wrong, rather than who sent it?
    pub fn is_of_form(&self) -> bool {
        matches!(
            self,
            Self::Malformed { .. } | Self::Raw | Self::Headers | Self::SignatureVersion
        )
    }
}
