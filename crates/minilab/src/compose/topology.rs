//! Exchanges and queues of a broker that somebody may want to make by hand.
use anyhow::Result;
use minilab_recipe::QueueConfig;

/// What was found, in words.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Topology {
    /// Was missing or different, and has been made so.
    pub made: Vec<String>,
    /// Is missing or different.
    pub wrong: Vec<String>,
}

/// Looks, and changes nothing.
pub async fn check_topology(queue: &QueueConfig) -> Result<Topology> {
    match queue {
        QueueConfig::Sqlite(_) => Ok(Topology::default()),
        QueueConfig::RabbitMq(broker) => rabbitmq::check(broker).await,
        QueueConfig::Sqs(sqs) => self::sqs::check(sqs).await,
    }
}

/// Makes what is missing. In SQS it also sets what is different; in RabbitMQ nothing can, and that takes a person.
pub async fn apply_topology(queue: &QueueConfig) -> Result<Topology> {
    match queue {
        QueueConfig::Sqlite(_) => Ok(Topology::default()),
        QueueConfig::RabbitMq(broker) => rabbitmq::apply(broker).await,
        QueueConfig::Sqs(sqs) => self::sqs::apply(sqs).await,
    }
}

#[cfg(feature = "rabbitmq")]
mod rabbitmq {
    use anyhow::Result;
    use minilab_queue::rabbitmq::topology::{self, Difference, State};
    use minilab_recipe::RabbitMq;

    use super::{super::queue::config_of, Topology};

    pub async fn check(broker: &RabbitMq) -> Result<Topology> {
        let found = topology::check(&config_of(broker)).await?;
        Ok(Topology {
            made: Vec::new(),
            wrong: in_words(&found),
        })
    }

    pub async fn apply(broker: &RabbitMq) -> Result<Topology> {
        let found = topology::apply(&config_of(broker)).await?;
        let words = in_words(&found);
        if found.iter().all(|difference| difference.state == State::Missing) {
            Ok(Topology {
                made: words,
                wrong: Vec::new(),
            })
        } else {
            Ok(Topology {
                made: Vec::new(),
                wrong: words,
            })
        }
    }

    fn in_words(found: &[Difference]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }
}

#[cfg(not(feature = "rabbitmq"))]
mod rabbitmq {
    use anyhow::Result;
    use minilab_recipe::RabbitMq;

    use super::{super::queue::no_rabbitmq, Topology};

    pub async fn check(_: &RabbitMq) -> Result<Topology> {
        Err(no_rabbitmq())
    }

    pub async fn apply(_: &RabbitMq) -> Result<Topology> {
        Err(no_rabbitmq())
    }
}

#[cfg(feature = "sqs")]
mod sqs {
    use anyhow::Result;
    use minilab_queue::sqs::topology;
    use minilab_recipe::Sqs;

    use super::{super::queue::sqs_config_of, Topology};

    pub async fn check(sqs: &Sqs) -> Result<Topology> {
        let found = topology::check(&sqs_config_of(sqs)).await?;
        Ok(Topology {
            made: Vec::new(),
            wrong: found.iter().map(ToString::to_string).collect(),
        })
    }

    pub async fn apply(sqs: &Sqs) -> Result<Topology> {
        let found = topology::apply(&sqs_config_of(sqs)).await?;
        Ok(Topology {
            made: found.iter().map(ToString::to_string).collect(),
            wrong: Vec::new(),
        })
    }
}

#[cfg(not(feature = "sqs"))]
mod sqs {
    use anyhow::Result;
    use minilab_recipe::Sqs;

    use super::{super::queue::no_sqs, Topology};

    pub async fn check(_: &Sqs) -> Result<Topology> {
        Err(no_sqs())
    }

    pub async fn apply(_: &Sqs) -> Result<Topology> {
        Err(no_sqs())
    }
}
