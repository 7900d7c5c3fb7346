//! A broker's queue of events: received, turned into jobs, settled. The broker is asked again however long it is away.
use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use minilab_queue::{Delivery, Disposition, Queue, QueueName, Settled};
use tokio_util::sync::CancellationToken;

use super::{
    messages::{Messages, NotTaken},
    pause::Pause,
};
use crate::{
    Error,
    health::{Health, Need},
};

/// Messages worked on at once: enough to hide a broker's way of some milliseconds at a thousand events a second.
const AT_ONCE: usize = 32;
/// How long the broker may keep a question when there is nothing; it answers at once when there is.
const WAIT: Duration = Duration::from_secs(20);
/// When a message comes again whose jobs the broker did not take.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Where brokers put the events of producers.
pub fn events_queue() -> QueueName {
    QueueName::new("events").expect("it is a lower-case word")
}

/// Receives from one broker.
#[derive(Debug)]
pub(crate) struct QueueIntake {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) messages: Arc<Messages>,
    pub(crate) health: Arc<Health>,
}

impl QueueIntake {
    /// Runs until told to stop; what was received by then is still settled.
    pub(crate) async fn run(self, drain: CancellationToken) -> Result<(), Error> {
        let (name, max) = (events_queue(), AT_ONCE.min(self.queue.limits().receive_max));
        let mut pause = Pause::default();
        loop {
            let received = tokio::select! {
                biased;
                () = drain.cancelled() => return Ok(()),
                received = self.queue.receive(&name, max, WAIT) => received,
            };
            let ended = match received {
                Ok(deliveries) => self.all(deliveries).await,
                Err(error) => Err((Need::Events, error.into())),
            };
            match ended {
                Ok(()) => {
                    pause = Pause::default();
                    self.health.works(Need::Events);
                }
                Err((need, error)) if error.is_transient() => {
                    self.health.lacks(need, &error);
                    drain.run_until_cancelled(self.rest(&mut pause)).await;
                }
                Err((_, error)) => return Err(error),
            }
        }
    }

    /// A pause that lasts until jobs are taken: a message received before could not be handed back either, and the broker gives
    /// one up that it has handed out too often.
    async fn rest(&self, pause: &mut Pause) {
        loop {
            tokio::time::sleep(pause.next()).await;
            match self.messages.jobs().would_be_taken().await {
                Ok(()) => return self.health.works(Need::Jobs),
                Err(error) => self.health.lacks(Need::Jobs, &error),
            }
        }
    }

    /// Settles all; the first error, if any, is as good as each. It comes with what is missing.
    async fn all(&self, deliveries: Vec<Delivery>) -> Result<(), (Need, Error)> {
        let mut settling = stream::iter(deliveries)
            .map(|delivery| self.one(delivery))
            .buffer_unordered(AT_ONCE);
        let mut outcome = Ok(());
        while let Some(settled) = settling.next().await {
            outcome = outcome.and(settled);
        }
        outcome
    }

    async fn one(&self, delivery: Delivery) -> Result<(), (Need, Error)> {
        let (disposition, outcome) = match self.messages.take(&delivery.payload).await {
            Ok(()) => (Disposition::Complete, Ok(())),
            Err(NotTaken::Unknown(unknown)) => {
                let reason = format!("events: {unknown}");
                tracing::warn!(reason, "an event message becomes a dead letter");
                // A broker takes longer messages of producers than it would take of us.
                let payload = self.queue.limits().clip(&delivery.payload);
                (Disposition::Reject { payload, reason }, Ok(()))
            }
            Err(NotTaken::Unconfirmed(error)) => (
                Disposition::Release { delay: AGAIN_AFTER },
                Err((Need::Jobs, error)),
            ),
        };
        match self.queue.settle(&delivery.receipt, disposition).await {
            Ok(Settled::Done) => outcome,
            Ok(Settled::LeaseLost) => {
                tracing::debug!("an event's lease was lost: it comes again, which is harmless");
                outcome
            }
            // The message comes again by itself. Why its jobs were not taken tells more, if they were not.
            Err(error) => outcome.and(Err((Need::Events, error.into()))),
        }
    }
}
