//! Who is told, as the document names them.
use std::{fmt::Display, sync::Arc};

use anyhow::{Context as _, Result};
use minilab_notify::{
    Sender, SenderParts, Target,
    webhook::{SigningKey, Webhook, WebhookConfig},
};
use minilab_queue::Outlet;
#[cfg(feature = "rabbitmq")]
use minilab_recipe::QueueConfig;
use minilab_recipe::{ExchangeTarget, QueueTarget, Receiver, WebhookTarget};
use minilab_telemetry::ReceiverKind;

use super::Backing;
use crate::{
    exit::{Exit, Refusal},
    stop::Stop,
};

/// What empties the outboxes; none where nobody is to be told. It speaks to nobody before it runs, and no receiver keeps it
/// from starting.
pub fn sender(backing: &Backing) -> Result<Option<Sender>> {
    let mut targets = Vec::new();
    for (name, target) in &backing.document.notify {
        let (kind, outlet) = match &target.to {
            Receiver::Webhook(webhook) => (ReceiverKind::Webhook, self::webhook(webhook, backing)),
            Receiver::RabbitMq(exchange) => (ReceiverKind::RabbitMq, self::exchange(exchange, backing)),
            Receiver::Sqs(queue) => (ReceiverKind::Sqs, self::queue(queue, backing)),
            _ => unreachable!("every receiver of the document's version is here"),
        };
        targets.push(Target {
            name: name.clone(),
            kind,
            outlet: outlet.with_context(|| format!("notify.{name} cannot be told anything"))?,
        });
    }
    let parts = SenderParts {
        state: Arc::clone(&backing.stores.state),
        queue: Arc::clone(&backing.queue),
        clock: Arc::clone(&backing.clock),
        metrics: Arc::clone(&backing.metrics),
        targets,
    };
    Ok((!parts.targets.is_empty()).then(|| Sender::new(parts)))
}

/// Tells until told to stop; nobody, where nobody is to be told.
pub async fn telling(sender: Option<Sender>, stop: &Stop) {
    if let Some(sender) = sender {
        sender.run(stop.drain.clone(), stop.abort.clone()).await;
    }
}

fn webhook(target: &WebhookTarget, backing: &Backing) -> Result<Arc<dyn Outlet>> {
    let keys = target
        .secrets
        .iter()
        .map(|secret| SigningKey::parse(secret.expose()));
    let config = WebhookConfig {
        url: target.url.expose().to_owned(),
        keys: keys.collect::<Result<_, _>>().map_err(|error| refused(&error))?,
        allow_private: target.allow_private,
    };
    let webhook = Webhook::new(config, Arc::clone(&backing.clock));
    Ok(Arc::new(webhook.map_err(|error| refused(&error))?))
}

#[cfg(feature = "rabbitmq")]
fn exchange(target: &ExchangeTarget, backing: &Backing) -> Result<Arc<dyn Outlet>> {
    use minilab_queue::rabbitmq::{Exchange, ExchangeConfig};
    let of_jobs = match &backing.document.queue {
        Some(QueueConfig::RabbitMq(broker)) => Some(&broker.url),
        _ => None,
    };
    let url = target.url.as_ref().or(of_jobs);
    let url = url.ok_or_else(|| refused(&"it has no broker"))?;
    let config = ExchangeConfig {
        url: url.expose().to_owned(),
        exchange: target.exchange.clone(),
        declare: super::queue::declare_of(target.declare),
    };
    Ok(Arc::new(Exchange::new(config).map_err(|error| refused(&error))?))
}

#[cfg(not(feature = "rabbitmq"))]
fn exchange(_: &ExchangeTarget, _: &Backing) -> Result<Arc<dyn Outlet>> {
    Err(super::queue::no_rabbitmq())
}

#[cfg(feature = "sqs")]
fn queue(target: &QueueTarget, backing: &Backing) -> Result<Arc<dyn Outlet>> {
    use minilab_queue::sqs::{Target, TargetConfig};
    let config = TargetConfig {
        service: super::queue::service_beside(
            &target.service,
            Some(&target.queue),
            backing.document.queue.as_ref(),
        ),
        queue: target.queue.clone(),
    };
    Ok(Arc::new(Target::new(config).map_err(|error| refused(&error))?))
}

#[cfg(not(feature = "sqs"))]
fn queue(_: &QueueTarget, _: &Backing) -> Result<Arc<dyn Outlet>> {
    Err(super::queue::no_sqs())
}

fn refused(error: &dyn Display) -> anyhow::Error {
    let fix = "correct the target in the configuration";
    Refusal::new(Exit::Config, error.to_string(), fix).into()
}
