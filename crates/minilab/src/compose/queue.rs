//! Opening the queues of an installation.
use std::sync::Arc;

use anyhow::Result;
use minilab_queue::{Backoff, Queue, Sqlite, SqliteConfig};
use minilab_recipe::{Document, EventQueue, Intake, QueueConfig, RabbitMq};

/// Where jobs wait.
pub async fn open(queue: &QueueConfig) -> Result<Arc<dyn Queue>> {
    match queue {
        QueueConfig::Sqlite(path) => Ok(Arc::new(Sqlite::open(SqliteConfig::at(path)).await?)),
        QueueConfig::RabbitMq(broker) => rabbitmq(broker).await,
        QueueConfig::Sqs(_) => Err(no_sqs()),
    }
}

/// Where notifications of uploads wait: in the queue of the jobs, in another broker's, or nowhere.
pub async fn open_events(document: &Document, jobs: &Arc<dyn Queue>) -> Result<Option<Arc<dyn Queue>>> {
    let events = document.intake.iter().find_map(|intake| match intake {
        Intake::RabbitMq(events) => Some(events),
        _ => None,
    });
    let Some(events) = events else { return Ok(None) };
    match other_broker(events, document.queue.as_ref()) {
        Some(broker) => Ok(Some(rabbitmq(&broker).await?)),
        None => Ok(Some(Arc::clone(jobs))),
    }
}

/// The pauses between attempts: a broker has a queue for each, an embedded queue takes any.
pub fn backoff(document: &Document) -> Backoff {
    match &document.queue {
        Some(QueueConfig::RabbitMq(broker)) => Backoff::new(broker.waits.clone()),
        Some(QueueConfig::Sqs(sqs)) => Backoff::new(sqs.waits.clone()),
        _ => Backoff::default(),
    }
}

/// The broker of events, where it is not the one of the jobs.
fn other_broker(events: &EventQueue, jobs: Option<&QueueConfig>) -> Option<RabbitMq> {
    let jobs = match jobs {
        Some(QueueConfig::RabbitMq(broker)) => Some(broker.clone()),
        _ => None,
    };
    let mut broker = jobs.clone().or_else(|| events.url.clone().map(RabbitMq::at))?;
    if let Some(url) = &events.url {
        broker.url = url.clone();
    }
    if let Some(prefix) = &events.prefix {
        broker.prefix.clone_from(prefix);
    }
    (Some(&broker) != jobs.as_ref()).then_some(broker)
}

#[cfg(feature = "rabbitmq")]
async fn rabbitmq(broker: &RabbitMq) -> Result<Arc<dyn Queue>> {
    Ok(Arc::new(
        minilab_queue::RabbitMq::connect(config_of(broker)).await?,
    ))
}

/// The broker as the adapter wants it told.
#[cfg(feature = "rabbitmq")]
pub fn config_of(broker: &RabbitMq) -> minilab_queue::RabbitMqConfig {
    minilab_queue::RabbitMqConfig {
        url: broker.url.expose().to_owned(),
        prefix: broker.prefix.clone(),
        declare: match broker.declare {
            minilab_recipe::Declare::Apply => minilab_queue::Declare::Apply,
            minilab_recipe::Declare::Passive => minilab_queue::Declare::Passive,
        },
        lease: broker.lease,
        waits: broker.waits.clone(),
    }
}

pub fn no_sqs() -> anyhow::Error {
    use crate::exit::{Exit, Refusal};
    Refusal::new(
        Exit::Config,
        "this build has no SQS",
        "build it with the feature sqs",
    )
    .into()
}

#[cfg(not(feature = "rabbitmq"))]
async fn rabbitmq(_: &RabbitMq) -> Result<Arc<dyn Queue>> {
    Err(no_rabbitmq())
}

#[cfg(not(feature = "rabbitmq"))]
pub fn no_rabbitmq() -> anyhow::Error {
    use crate::exit::{Exit, Refusal};
    let fix = "build it with the feature rabbitmq";
    Refusal::new(Exit::Config, "this build has no RabbitMQ", fix).into()
}

#[cfg(test)]
mod tests {
    use minilab_recipe::Secret;

    use super::*;

    #[test]
    fn events_come_from_the_broker_of_the_jobs_unless_told() {
        let jobs = RabbitMq::at(Secret::new("amqp://jobs"));
        let queue = Some(QueueConfig::RabbitMq(jobs.clone()));
        let other = |url: Option<&str>, prefix: Option<&str>| {
            let events = EventQueue {
                url: url.map(Secret::new),
                prefix: prefix.map(str::to_owned),
            };
            other_broker(&events, queue.as_ref())
        };
        assert_eq!(other(None, None), None);
        assert_eq!(other(Some("amqp://jobs"), Some("minilab")), None);
        assert_eq!(other(Some("amqp://events"), None).unwrap().prefix, "minilab");
        let beside = other(None, Some("uploads")).unwrap();
        assert_eq!((beside.url, beside.prefix.as_str()), (jobs.url, "uploads"));
    }
}
