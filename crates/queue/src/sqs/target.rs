//! A queue of somebody's, as an outlet: what is told is sent to it; in one that keeps order, by group.
use async_trait::async_trait;
use aws_sdk_sqs::types::MessageAttributeValue;
use tokio::sync::OnceCell;

use super::{
    clients::Clients,
    config::{EventsConfig, Service},
    failure::{Failure, Request},
    places::{self, Address},
};
use crate::{Announcement, Error, NotTaken, Outlet};

/// What the names of queues end with that keep the order of a group, and refuse what was sent in the last five minutes.
const ORDERED: &str = ".fifo";

/// Where to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetConfig {
    /// Where the queue is.
    pub service: Service,
    /// Its name, or its address, which says by itself where it is.
    pub queue: String,
}

/// One queue. It is looked for when there is something to tell.
#[derive(Debug)]
pub struct Target {
    config: EventsConfig,
    found: OnceCell<(Clients, Address)>,
}

impl Target {
    /// Speaks to nobody yet.
    pub fn new(config: TargetConfig) -> Result<Self, Error> {
        let config = EventsConfig::of(config.service, config.queue);
        config.check()?;
        Ok(Self {
            config,
            found: OnceCell::new(),
        })
    }

    async fn find(&self) -> Result<(Clients, Address), Error> {
        let (queue, clients) = (&self.config.queue, Clients::new(&self.config.service()).await?);
        let address = if self.config.is_address() {
            Address {
                name: queue.rsplit('/').next().unwrap_or(queue).to_owned(),
                url: queue.clone(),
            }
        } else {
            let found = places::find(&clients, queue, None).await;
            found.map_err(|failure| match failure {
                // The general advice is on queues that are ours.
                Failure::Missing => Error::Unusable {
                    queue: queue.clone(),
                    reason: "there is no such queue: correct its name, region and endpoint".into(),
                },
                other => other.into_error(Request::Find, queue),
            })?
        };
        Ok((clients, address))
    }
}

#[async_trait]
impl Outlet for Target {
    async fn give(&self, announcement: &Announcement) -> Result<(), NotTaken> {
        let (clients, address) = self
            .found
            .get_or_try_init(|| self.find())
            .await
            .map_err(not_taken)?;
        let is_ordered = address.name.ends_with(ORDERED);
        let body = String::from_utf8_lossy(&announcement.body);
        let sent = clients
            .send
            .send_message()
            .queue_url(&address.url)
            .message_body(body)
            .message_attributes("id", text(&announcement.id))
            .message_attributes("type", text(&announcement.topic))
            .message_attributes("content-type", text(announcement.media_type))
            .set_message_group_id(is_ordered.then(|| announcement.group.clone()))
            .set_message_deduplication_id(is_ordered.then(|| announcement.id.clone()))
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = Failure::of(Request::Send, &error);
                Err(not_taken(failure.into_error(Request::Send, &address.name)))
            }
        }
    }
}

fn text(value: &str) -> MessageAttributeValue {
    let attribute = MessageAttributeValue::builder().data_type("String");
    attribute.string_value(value).build().expect("it has a type")
}

fn not_taken(error: Error) -> NotTaken {
    NotTaken::because(match error {
        Error::Unavailable { queue, cause, .. } => format!("queue {queue}: {cause}"),
        Error::Unusable { queue, reason } | Error::Refused { queue, reason } => {
            format!("queue {queue}: {reason}")
        }
    })
}
