//! The port towards receivers outside: what is told to them goes through brokers and addresses that are not ours.
use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The same whenever the same is told.
    pub id: String,
    /// What it is about, in words joined by dots; receivers choose by it.
    pub topic: String,
    /// What has the same group is told in order. Letters and digits, at most 128.
    pub group: String,
    /// Media type of the body.
    pub media_type: &'static str,
    /// The bytes.
    pub body: Bytes,
}

/// Why an announcement is not known to have been taken. It is told again later.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct NotTaken {
    /// For people; without secrets, and without what a stranger wrote.
    pub sentence: String,
    /// The receiver asks to be left alone for so long.
    pub after: Option<Duration>,
}

impl NotTaken {
    /// For this reason.
    pub fn because(sentence: impl Into<String>) -> Self {
        Self {
            sentence: sentence.into(),
            after: None,
        }
    }
}

/// A receiver outside.
///
/// `Ok` means that it has taken the announcement for good. After an error or a dropped future it may have it all the same:
/// whoever tells it again uses the same id. Retries, order and time limits are the caller's.
#[async_trait]
pub trait Outlet: Send + Sync + fmt::Debug + 'static {
    /// Tells it, once.
    async fn give(&self, announcement: &Announcement) -> Result<(), NotTaken>;
}
