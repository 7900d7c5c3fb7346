//! A message that its producer pushed: taken while the producer waits for the answer.
use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use minilab_queue::{Clock, Outgoing};

use super::{
    WebhookVerdict, events_queue,
    messages::{Messages, NotTaken},
};
use crate::Error;

/// The least patient producer (SeaweedFS) gives up after 10 s.
const PATIENCE: Duration = Duration::from_secs(5);
/// When a producer should come again.
pub(super) const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Takes messages of senders that were let in.
#[derive(Debug)]
pub(super) struct Pushed {
    messages: Arc<Messages>,
}

impl Pushed {
    pub(super) fn new(messages: Arc<Messages>) -> Self {
        Self { messages }
    }

    /// What tells the time.
    pub(super) fn clock(&self) -> Arc<dyn Clock> {
        self.messages.jobs().clock()
    }

    /// Takes one message. Dropped meanwhile, it may have been taken; it is safe to take it again.
    pub(super) async fn take(&self, body: Bytes) -> WebhookVerdict {
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
        let body = queue.limits().clip(&body);
        queue.send(vec![Outgoing::new(events_queue(), body)]).await?;
        Ok(())
    }
}
