//! The webhook without HTTP: bytes in, verdict out.
use std::{sync::Arc, time::Duration};

use bytes::Bytes;

use super::{SnsRefusal, Token, messages::Messages, pushed::Pushed};
use crate::events::MESSAGE_BYTES_MAX;

/// Takes event messages from producers that push.
#[derive(Debug)]
pub struct Webhook {
    pushed: Pushed,
    token: Token,
}

/// What the producer is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WebhookVerdict {
    /// The broker has a job for everything in the message that deserves one.
    Accepted,
    /// The token is missing or wrong.
    Unauthorized,
    /// The message is longer than [`Webhook::BODY_BYTES_MAX`].
    TooLarge,
    /// It is of no known form; why. It was recorded for a person to see, so it need not come again: producers send what is
    /// refused for ever, before anything else.
    Unknown(String),
    /// It is not what SNS signed for us. The same message will never be taken.
    Refused(SnsRefusal),
    /// The broker has not confirmed; the same message should come again after this time.
    TryAgain(Duration),
}

impl Webhook {
    /// Longest body that is taken.
    pub const BODY_BYTES_MAX: usize = MESSAGE_BYTES_MAX;

    pub(crate) fn new(messages: Arc<Messages>, token: Token) -> Self {
        Self {
            pushed: Pushed::new(messages),
            token,
        }
    }

    /// Does the `Authorization` header open? To be asked before a body is read.
    pub fn admits(&self, authorization: Option<&str>) -> bool {
        self.token.is_in(authorization)
    }

    /// Takes one message. Dropped meanwhile, it may have been taken; it is safe to take it again.
    pub async fn take(&self, authorization: Option<&str>, body: Bytes) -> WebhookVerdict {
        if !self.admits(authorization) {
            return WebhookVerdict::Unauthorized;
        }
        if body.len() > Self::BODY_BYTES_MAX {
            return WebhookVerdict::TooLarge;
        }
        self.pushed.take(body).await
    }
}
