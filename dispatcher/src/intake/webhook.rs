//! The webhook without HTTP: bytes in, verdict out.
use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use minilab_queue::Outgoing;

use super::{
    Token, events_queue,
    messages::{Messages, NotTaken},
};
use crate::{Error, events::MESSAGE_BYTES_MAX};

/// The least patient producer (SeaweedFS) gives up after 10 s.
const PATIENCE: Duration = Duration::from_secs(5);
/// When a producer should come again.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Takes event messages from producers that push.
#[derive(Debug)]
pub struct Webhook {
    messages: Arc<Messages>,
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
    /// The broker has not confirmed; the same message should come again after this time.
    TryAgain(Duration),
}

impl Webhook {
    /// Longest body that is taken.
    pub const BODY_BYTES_MAX: usize = MESSAGE_BYTES_MAX;

    pub(crate) fn new(messages: Arc<Messages>, token: Token) -> Self {
        Self { messages, token }
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
        match tokio::time::timeout(PATIENCE, self.confirmed(body)).await {
            Ok(Ok(verdict)) => verdict,
            Ok(Err(error)) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an event over HTTP is not confirmed: its producer must send it again"
                );
                WebhookVerdict::TryAgain(AGAIN_AFTER)
            }
            Err(_elapsed) => WebhookVerdict::TryAgain(AGAIN_AFTER),
        }
    }

    async fn confirmed(&self, body: Bytes) -> Result<WebhookVerdict, Error> {
        match self.messages.take(&body).await {
            Ok(()) => Ok(WebhookVerdict::Accepted),
            Err(NotTaken::Unknown(unknown)) => {
                self.record(body).await?;
                Ok(WebhookVerdict::Unknown(unknown.to_string()))
            }
            Err(NotTaken::Unconfirmed(error)) => Err(error),
        }
    }

    /// Hands the message to the loop that receives events: only what was delivered can be rejected with a reason, and it comes
    /// to the same one.
    async fn record(&self, body: Bytes) -> Result<(), Error> {
        let queue = self.messages.jobs().queue();
        let length = body.len().min(queue.limits().payload_bytes_max);
        queue
            .send(vec![Outgoing::new(events_queue(), body.slice(..length))])
            .await?;
        Ok(())
    }
}
