//! An exchange of somebody's, as an outlet: what is told is published to it by topic, and taken once a queue has it.
use std::{fmt, time::Duration};

use async_trait::async_trait;
use lapin::{
    BasicProperties, Connection, ExchangeKind,
    options::{BasicPublishOptions, ConfirmSelectOptions, ExchangeDeclareOptions},
    types::FieldTable,
};
use tokio::sync::Mutex;

use super::{
    config::Address,
    dial,
    failure::{NOT_FOUND, PRECONDITION_FAILED, reply_code},
};
use crate::{Announcement, Declare, Error, NotTaken, Outlet};

const PERSISTENT: u8 = 2;
/// How long a broker may be asked to close what is not used any more.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

/// Where to publish.
#[derive(Clone, PartialEq, Eq)]
pub struct ExchangeConfig {
    /// `amqp://user:password@host:port/vhost`, or `amqps`.
    pub url: String,
    /// The exchange.
    pub exchange: String,
    /// Who makes it; we make one of the kind `topic` that outlives the broker's restart.
    pub declare: Declare,
}

impl fmt::Debug for ExchangeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeConfig")
            .field("exchange", &self.exchange)
            .field("declare", &self.declare)
            .finish_non_exhaustive()
    }
}

/// One exchange.
///
/// Connects when there is something to tell, and again after anything went wrong: what is told later finds a broker that is
/// back.
#[derive(Debug)]
pub struct Exchange {
    address: Address,
    name: String,
    declare: Declare,
    /// One at a time: a message that came back unroutable is given by the driver to whichever confirmation comes next.
    open: Mutex<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    connection: Connection,
    channel: lapin::Channel,
}

impl Exchange {
    /// Speaks to nobody yet.
    pub fn new(config: ExchangeConfig) -> Result<Self, Error> {
        let address = Address::parse(&config.url).ok_or_else(|| Error::Unusable {
            queue: config.exchange.clone(),
            reason: "its URL is not of the form amqp://user:password@host:port/vhost".into(),
        })?;
        Ok(Self {
            address,
            name: config.exchange,
            declare: config.declare,
            open: Mutex::default(),
        })
    }

    async fn connect(&self) -> Result<Open, NotTaken> {
        let told = |error: lapin::Error| self.told(&error);
        let connection = dial::open(&self.address, "minilab notifies").await;
        let connection = connection.map_err(|error| match error {
            Error::Unavailable { cause, .. } => self.because(cause),
            other => self.because(other),
        })?;
        let channel = connection.create_channel().await.map_err(told)?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(told)?;
        let options = ExchangeDeclareOptions {
            passive: self.declare == Declare::Passive,
            durable: true,
            ..ExchangeDeclareOptions::default()
        };
        let (name, kind) = (self.name.as_str().into(), ExchangeKind::Topic);
        let declared = channel
            .exchange_declare(name, kind, options, FieldTable::default())
            .await;
        declared.map_err(|error| match reply_code(&error) {
            Some(NOT_FOUND) => self.because("there is no such exchange: declare it, or write declare: apply"),
            Some(PRECONDITION_FAILED) => {
                self.because("the exchange is of another kind: write declare: passive")
            }
            _ => self.told(&error),
        })?;
        Ok(Open { connection, channel })
    }

    async fn publish(&self, open: &Open, announcement: &Announcement) -> Result<(), NotTaken> {
        let told = |error: lapin::Error| self.told(&error);
        let options = BasicPublishOptions {
            mandatory: true,
            immediate: false,
        };
        let properties = BasicProperties::default()
            .with_delivery_mode(PERSISTENT)
            .with_content_type(announcement.media_type.into())
            .with_message_id(announcement.id.as_str().into())
            .with_type(announcement.topic.as_str().into())
            .with_app_id("minilab".into());
        let (exchange, key) = (self.name.as_str().into(), announcement.topic.as_str().into());
        let published = open
            .channel
            .basic_publish(exchange, key, options, &announcement.body, properties);
        let confirmation = published.await.map_err(told)?.await.map_err(told)?;
        let acked = confirmation.is_ack();
        // An unroutable message is acked: the broker has done with it what there was to do.
        if confirmation.take_message().is_some() {
            return Err(self.because(format!("no queue is bound to it for {}", announcement.topic)));
        }
        if acked {
            Ok(())
        } else {
            Err(self.because("the broker refused it: a queue is full or lost"))
        }
    }

    fn told(&self, error: &lapin::Error) -> NotTaken {
        self.because(error.to_string())
    }

    fn because(&self, why: impl fmt::Display) -> NotTaken {
        NotTaken::because(format!("exchange {} at {}: {why}", self.name, self.address))
    }
}

#[async_trait]
impl Outlet for Exchange {
    async fn give(&self, announcement: &Announcement) -> Result<(), NotTaken> {
        let mut place = self.open.lock().await;
        // Taken out: what is dropped or fails half-way is not used again.
        let open = match place.take() {
            Some(open) if open.channel.status().connected() => open,
            _ => self.connect().await?,
        };
        let published = self.publish(&open, announcement).await;
        if published.is_ok() {
            *place = Some(open);
        } else {
            let closed = open.connection.close(200, "not used again".into());
            // One that does not answer is ended with its socket.
            let _ = tokio::time::timeout(CLOSE_WAIT, closed).await;
        }
        published
    }
}
