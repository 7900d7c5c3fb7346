//! What a queue is set to, read and changed attribute by attribute: for whoever prepares it.
use std::collections::{BTreeMap, HashMap};

use aws_sdk_sqs::types::QueueAttributeName;

use super::{
    clients::Clients,
    config::EventsConfig,
    failure::{Failure, Request},
};
use crate::Error;

/// One queue, found.
#[derive(Debug)]
pub struct QueueAttributes {
    clients: Clients,
    url: String,
    /// As errors name it.
    name: String,
}

impl QueueAttributes {
    /// Finds the queue.
    pub async fn of(config: &EventsConfig) -> Result<Self, Error> {
        config.check()?;
        let clients = Clients::new(&config.service()).await?;
        let name = config.queue.clone();
        if config.is_address() {
            let url = name.clone();
            return Ok(Self { clients, url, name });
        }
        let found = clients.tell.get_queue_url().queue_name(&name).send().await;
        let found =
            found.map_err(|error| Failure::of(Request::Find, &error).into_error(Request::Find, &name))?;
        let url = found.queue_url().unwrap_or_default().to_owned();
        Ok(Self { clients, url, name })
    }

    /// All of them, by the names that SQS gives them.
    pub async fn read(&self) -> Result<BTreeMap<String, String>, Error> {
        let asked = self.clients.tell.get_queue_attributes().queue_url(&self.url);
        let answer = asked.attribute_names(QueueAttributeName::All).send().await;
        let answer = answer.map_err(|error| self.error(Request::Look, Failure::of(Request::Look, &error)))?;
        let attributes = answer.attributes.unwrap_or_default();
        Ok(attributes
            .into_iter()
            .map(|(name, value)| (name.as_str().to_owned(), value))
            .collect())
    }

    /// Sets these and leaves all others.
    pub async fn set(&self, attributes: &[(&str, &str)]) -> Result<(), Error> {
        let attributes: HashMap<_, _> = attributes
            .iter()
            .map(|(name, value)| (QueueAttributeName::from(*name), (*value).to_owned()))
            .collect();
        let asked = self.clients.tell.set_queue_attributes().queue_url(&self.url);
        let answer = asked.set_attributes(Some(attributes)).send().await;
        answer
            .map(drop)
            .map_err(|error| self.error(Request::Set, Failure::of(Request::Set, &error)))
    }

    fn error(&self, request: Request, failure: Failure) -> Error {
        failure.into_error(request, &self.name)
    }
}
