//! Publishing, confirmed: what it has answered, the broker keeps.
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use lapin::{
    Channel, PublisherConfirm,
    options::{BasicPublishOptions, ConfirmSelectOptions},
};
use tokio::{sync::Semaphore, time::timeout};

use super::{failure::unavailable, link::Link, message, names::Route};
use crate::Error;

/// How many messages of one call may be unconfirmed.
const WINDOW: usize = 200;
/// How many calls publish at once; others wait their turn.
const CHANNELS_MAX: usize = 16;
/// A broker that has not confirmed by then has lost the messages, or its disk.
const CONFIRM_WAIT: Duration = Duration::from_secs(30);

/// A message on its way to an exchange.
#[derive(Debug)]
pub(super) struct Parcel {
    pub route: Route,
    pub payload: Bytes,
    /// Why it is a dead letter.
    pub reason: Option<String>,
}

/// Publishes on channels of the publishing connection.
///
/// A channel belongs to one call at a time: a message that came back unroutable is given by the driver to whichever
/// confirmation comes next, so that only a whole call can be said to have failed.
#[derive(Debug)]
pub(super) struct Publisher {
    link: Link,
    turns: Semaphore,
    spare: Mutex<Vec<Channel>>,
}

impl Publisher {
    pub fn new(link: Link) -> Self {
        Self {
            link,
            turns: Semaphore::new(CHANNELS_MAX),
            spare: Mutex::default(),
        }
    }

    /// Could anything be published now, as far as the broker has told?
    pub fn is_open_for(&self, operation: &'static str) -> Result<(), Error> {
        self.link.open_for(operation).map(drop)
    }

    /// Returns when the broker has confirmed all of them.
    pub async fn publish(&self, operation: &'static str, parcels: Vec<Parcel>) -> Result<(), Error> {
        let told = |cause: String| unavailable(self.link.address(), operation, cause);
        let published = timeout(CONFIRM_WAIT, async {
            let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
            self.link.open_for(operation)?;
            // Without this a blocked broker would keep the call, and with each call more memory, for as long as it likes.
            tokio::select! {
                biased;
                published = self.on_a_channel(operation, &parcels) => published,
                why = self.link.refused() => Err(told(why.to_string())),
            }
        });
        published
            .await
            .unwrap_or_else(|_| Err(told("the broker did not confirm in time".into())))
    }

    /// A channel on which anything went wrong, or whose call was dropped, is dropped too, and with it closed.
    async fn on_a_channel(&self, operation: &'static str, parcels: &[Parcel]) -> Result<(), Error> {
        let told = |error: lapin::Error| unavailable(self.link.address(), operation, error);
        let channel = match self.take_spare() {
            Some(channel) => channel,
            None => self.open(operation).await?,
        };
        let mut unconfirmed = VecDeque::with_capacity(WINDOW.min(parcels.len()));
        for parcel in parcels {
            if unconfirmed.len() == WINDOW {
                self.confirmed(operation, unconfirmed.pop_front()).await?;
            }
            let Parcel {
                route,
                payload,
                reason,
            } = parcel;
            let options = BasicPublishOptions {
                mandatory: true,
                immediate: false,
            };
            let properties = message::properties(reason.as_deref());
            let (exchange, key) = (route.exchange.clone(), route.key.clone());
            let published = channel.basic_publish(exchange, key, options, payload, properties);
            unconfirmed.push_back(published.await.map_err(told)?);
        }
        while !unconfirmed.is_empty() {
            self.confirmed(operation, unconfirmed.pop_front()).await?;
        }
        self.spare().push(channel);
        Ok(())
    }

    async fn open(&self, operation: &'static str) -> Result<Channel, Error> {
        let told = |error: lapin::Error| unavailable(self.link.address(), operation, error);
        let connection = self.link.open_for(operation)?;
        let channel = connection.create_channel().await.map_err(told)?;
        let confirmed = channel.confirm_select(ConfirmSelectOptions::default());
        confirmed.await.map_err(told)?;
        Ok(channel)
    }

    async fn confirmed(
        &self,
        operation: &'static str,
        confirm: Option<PublisherConfirm>,
    ) -> Result<(), Error> {
        let Some(confirm) = confirm else { return Ok(()) };
        let told = |cause: String| unavailable(self.link.address(), operation, cause);
        let confirmation = confirm.await.map_err(|error| told(error.to_string()))?;
        let acked = confirmation.is_ack();
        // An unroutable message is acked: the broker has done with it what there was to do.
        if let Some(returned) = confirmation.take_message() {
            return Err(told(format!(
                "no queue is bound to {} for `{}` ({}): run `minilab topology apply`",
                returned.exchange, returned.routing_key, returned.reply_text
            )));
        }
        if acked {
            Ok(())
        } else {
            Err(told(
                "the broker refused a message: its queue is full or lost".into(),
            ))
        }
    }

    fn take_spare(&self) -> Option<Channel> {
        let mut spare = self.spare();
        while let Some(channel) = spare.pop() {
            if channel.status().connected() {
                return Some(channel);
            }
        }
        None
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Channel>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
