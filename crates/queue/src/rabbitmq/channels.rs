//! Channels to receive on. Each has at most one unsettled delivery, so that what the broker closes over one delivery (a
//! consumer timeout) takes no other along, and settlements cannot mix.
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::join_all;
use lapin::{
    Acker, Channel,
    message::Delivery,
    options::{BasicAckOptions, BasicQosOptions, BasicRejectOptions, QueueDeclareOptions},
    types::{FieldTable, ShortString},
};

use super::{failure::unavailable, link::Link, message};
use crate::{Error, QueueName, Settled, dead_queue};

/// AMQP's code of an end without a reason to complain.
const REPLY_SUCCESS: u16 = 200;
/// Opening one costs a round trip, keeping one some memory on both sides.
const SPARE_MAX: usize = 32;

/// Opens channels on the consuming connection, and keeps some that are done with.
#[derive(Debug)]
pub(super) struct Channels {
    link: Link,
    spare: Mutex<Vec<Channel>>,
}

impl Channels {
    pub fn new(link: Link) -> Self {
        Self {
            link,
            spare: Mutex::default(),
        }
    }

    /// A channel on which nothing is under way.
    pub async fn take(&self, operation: &'static str) -> Result<Channel, Error> {
        let connection = self.link.connection(operation)?;
        while let Some(channel) = self.pop() {
            if channel.status().connected() {
                return Ok(channel);
            }
        }
        let told = |error| unavailable(self.link.address(), operation, error);
        let channel = connection.create_channel().await.map_err(told)?;
        let limited = channel.basic_qos(1, BasicQosOptions { global: false });
        limited.await.map_err(told)?;
        Ok(channel)
    }

    /// How many messages lie ready in one of the broker's queues.
    pub async fn ready(&self, operation: &'static str, queue: &ShortString) -> Result<u32, Error> {
        let channel = self.take(operation).await?;
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let declared = channel.queue_declare(queue.clone(), options, FieldTable::default());
        let declared = declared
            .await
            .map_err(|error| unavailable(queue, operation, error))?;
        self.put_back(channel);
        Ok(declared.message_count())
    }

    /// Keeps a channel on which nothing is under way any more.
    pub fn put_back(&self, channel: Channel) {
        let mut spare = self.spare();
        if spare.len() < SPARE_MAX {
            spare.push(channel);
        }
    }

    /// Closes the channels that nobody uses. The broker answers that, and before it has heeded every acknowledgement on them:
    /// a process that ends without would leave some to chance.
    pub async fn close_spare(&self) {
        let spare = std::mem::take(&mut *self.spare());
        let closing = spare.iter().filter(|channel| channel.status().connected());
        // One that cannot be closed has ended, and with it what was said on it.
        join_all(closing.map(|channel| channel.close(REPLY_SUCCESS, "done".into()))).await;
    }

    fn pop(&self) -> Option<Channel> {
        self.spare().pop()
    }

    fn spare(&self) -> MutexGuard<'_, Vec<Channel>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A message that the broker has given to us, with the channel it came on. Dropping it closes the channel, and the broker
/// gives the message to somebody else, marked redelivered.
#[derive(Debug)]
pub(super) struct Taken {
    pub queue: QueueName,
    pub payload: Bytes,
    pub redelivered: bool,
    /// Why it is a dead letter.
    pub reason: Option<String>,
    acker: Acker,
    channel: Channel,
}

impl Taken {
    pub fn new(queue: &QueueName, delivery: Delivery, channel: Channel) -> Self {
        Self {
            queue: queue.clone(),
            reason: (*queue == dead_queue()).then(|| message::reason(&delivery.properties)),
            payload: delivery.data.into(),
            redelivered: delivery.redelivered,
            acker: delivery.acker,
            channel,
        }
    }

    /// Does the broker still hold it for us, as far as we have heard?
    pub fn is_ours(&self) -> bool {
        self.acker.usable() && self.channel.status().connected()
    }

    /// Says that it is done with. The broker does not answer that: one that dies just then delivers the message again.
    pub async fn acknowledge(self, channels: &Channels) -> Settled {
        let told = self.acker.ack(BasicAckOptions::default()).await;
        self.end(told, channels)
    }

    /// Gives it to somebody else, marked redelivered.
    pub async fn give_back(self, channels: &Channels) {
        let told = self.acker.reject(BasicRejectOptions { requeue: true }).await;
        self.end(told, channels);
    }

    /// `Ok(false)` is how the driver says that the channel had ended.
    fn end(self, told: lapin::Result<bool>, channels: &Channels) -> Settled {
        match told {
            Ok(true) => {
                channels.put_back(self.channel);
                Settled::Done
            }
            Ok(false) => Settled::LeaseLost,
            Err(error) => {
                tracing::debug!(
                    queue = %self.queue,
                    error = &error as &dyn std::error::Error,
                    "the connection ended while a message was settled"
                );
                Settled::LeaseLost
            }
        }
    }
}
