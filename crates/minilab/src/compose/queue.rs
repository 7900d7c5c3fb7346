//! Opening the queues of an installation.
#[cfg(feature = "sqs")]
mod sqs;

use std::sync::Arc;

use anyhow::Result;
use minilab_queue::{Backoff, Queue, Sqlite, SqliteConfig};
use minilab_recipe::{Document, EventQueue, Intake, QueueConfig, RabbitMq};

/// Where jobs wait.
pub async fn open(queue: &QueueConfig) -> Result<Arc<dyn Queue>> {
    match queue {
        QueueConfig::Sqlite(path) => Ok(Arc::new(Sqlite::open(SqliteConfig::at(path)).await?)),
        QueueConfig::RabbitMq(broker) => rabbitmq(broker).await,
        QueueConfig::Sqs(sqs) => self::sqs::open(sqs).await,
    }
}

/// Where notifications of uploads wait: in the queue of the jobs, in other brokers', or nowhere.
pub async fn open_events(document: &Document, jobs: &Arc<dyn Queue>) -> Result<Vec<Arc<dyn Queue>>> {
    let mut opened = Vec::new();
    for intake in &document.intake {
        let other = match intake {
            Intake::RabbitMq(events) => match other_broker(events, document.queue.as_ref()) {
                Some(broker) => Some(rabbitmq(&broker).await?),
                None => None,
            },
            Intake::Sqs(events) => sqs::open_events(events, document.queue.as_ref()).await?,
            _ => continue,
        };
        opened.push(other.unwrap_or_else(|| Arc::clone(jobs)));
    }
    Ok(opened)
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

/// Who makes what a broker has to have, as adapters want it told.
#[cfg(any(feature = "rabbitmq", feature = "sqs"))]
pub fn declare_of(declare: minilab_recipe::Declare) -> minilab_queue::Declare {
    match declare {
        minilab_recipe::Declare::Apply => minilab_queue::Declare::Apply,
        minilab_recipe::Declare::Passive => minilab_queue::Declare::Passive,
    }
}

/// The broker as the adapter wants it told.
#[cfg(feature = "rabbitmq")]
pub fn config_of(broker: &RabbitMq) -> minilab_queue::RabbitMqConfig {
    minilab_queue::RabbitMqConfig {
        url: broker.url.expose().to_owned(),
        prefix: broker.prefix.clone(),
        declare: declare_of(broker.declare),
        lease: broker.lease,
        waits: broker.waits.clone(),
    }
}

#[cfg(feature = "sqs")]
pub use self::sqs::config_of as sqs_config_of;
#[cfg(all(feature = "s3", feature = "sqs"))]
pub use self::sqs::events_config_of;
#[cfg(feature = "sqs")]
pub use self::sqs::service_beside;

#[cfg(not(feature = "sqs"))]
mod sqs {
    //! A build without it.
    use std::sync::Arc;

    use anyhow::Result;
    use minilab_queue::Queue;
    use minilab_recipe::{QueueConfig, Sqs, SqsEvents};

    pub async fn open(_: &Sqs) -> Result<Arc<dyn Queue>> {
        Err(super::no_sqs())
    }

    pub async fn open_events(_: &SqsEvents, _: Option<&QueueConfig>) -> Result<Option<Arc<dyn Queue>>> {
        Err(super::no_sqs())
    }
}

#[cfg(not(feature = "sqs"))]
pub fn no_sqs() -> anyhow::Error {
    use crate::exit::{Exit, Refusal};
    let fix = "build it with the feature sqs";
    Refusal::new(Exit::Config, "this build has no SQS", fix).into()
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
