//! Where the queues are: their addresses, found once by their names.
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::try_join_all;
use serde_json::Value;

use super::{
    clients::Clients,
    config::EventsConfig,
    failure::{Failure, Request},
    names,
};
use crate::{Error, QueueName, dead_queue};

/// A queue at the service.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub name: String,
    pub url: String,
}

/// The queues of the port that there are here.
#[derive(Debug)]
pub(super) struct Places(BTreeMap<QueueName, Arc<Address>>);

impl Places {
    /// All of them.
    pub async fn of_installation(clients: &Clients, prefix: &str) -> Result<Self, Error> {
        let finding = names::all(prefix).map(async |(queue, name)| {
            let found = find(clients, &name, None).await;
            let found = found.map_err(|failure| failure.into_error(Request::Find, &name))?;
            Ok((queue, Arc::new(found)))
        });
        Ok(Self(try_join_all(finding).await?.into_iter().collect()))
    }

    /// Only `events`, and `dead` beside it.
    pub async fn of_events(clients: &Clients, config: &EventsConfig) -> Result<Self, Error> {
        let named = async |name: &str, account| {
            let found = find(clients, name, account).await;
            found.map_err(|failure| failure.into_error(Request::Find, name))
        };
        let events = if config.is_address() {
            let name = config.queue.rsplit('/').next().unwrap_or(&config.queue);
            Address {
                name: name.to_owned(),
                url: config.queue.clone(),
            }
        } else {
            named(&config.queue, None).await?
        };
        let dead = if let Some(name) = &config.dead {
            named(name, None).await?
        } else {
            let arn = dead_of(clients, &events).await?;
            named(names::of_arn(&arn), names::account_of_arn(&arn)).await?
        };
        let places = [
            (
                QueueName::new("events").expect("it is a lower-case word"),
                Arc::new(events),
            ),
            (dead_queue(), Arc::new(dead)),
        ];
        Ok(Self(places.into()))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&QueueName, &Arc<Address>)> {
        self.0.iter()
    }

    pub fn address(&self, queue: &QueueName) -> Result<Arc<Address>, Error> {
        self.0.get(queue).cloned().ok_or_else(|| unknown(queue))
    }

    /// Of a queue out of which something came.
    pub fn known(&self, queue: &QueueName) -> &Address {
        &self.0[queue]
    }
}

/// There is no such queue in the port, or not here.
pub(super) fn unknown(queue: &QueueName) -> Error {
    Error::Refused {
        queue: queue.to_string(),
        reason: "there is no such queue".into(),
    }
}

/// Asks for the address of a queue.
pub(super) async fn find(clients: &Clients, name: &str, account: Option<&str>) -> Result<Address, Failure> {
    let request = clients.tell.get_queue_url().queue_name(name);
    let found = request
        .set_queue_owner_aws_account_id(account.map(str::to_owned))
        .send()
        .await
        .map_err(|error| Failure::of(Request::Find, &error))?;
    let Some(url) = found.queue_url else {
        return Err(Failure::Unavailable("the answer has no address".into()));
    };
    Ok(Address {
        name: name.to_owned(),
        url,
    })
}

/// Everything that is said of a queue. By names it could not be asked of every server: some do not know all.
pub(super) async fn attributes(
    clients: &Clients,
    address: &Address,
) -> Result<HashMap<QueueAttributeName, String>, Error> {
    let request = clients.tell.get_queue_attributes().queue_url(&address.url);
    let looked = request.attribute_names(QueueAttributeName::All).send().await;
    match looked {
        Ok(looked) => Ok(looked.attributes.unwrap_or_default()),
        Err(error) => Err(Failure::of(Request::Look, &error).into_error(Request::Look, &address.name)),
    }
}

/// Where SQS itself moves what is never settled.
async fn dead_of(clients: &Clients, events: &Address) -> Result<String, Error> {
    let attributes = attributes(clients, events).await?;
    let policy = attributes.get(&QueueAttributeName::RedrivePolicy);
    let policy = policy.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let arn = policy.and_then(|policy| policy["deadLetterTargetArn"].as_str().map(str::to_owned));
    arn.ok_or_else(|| Error::Unusable {
        queue: events.name.clone(),
        reason: "it has no queue for dead letters: give it a redrive policy, or what nobody understands would come for ever"
            .into(),
    })
}
