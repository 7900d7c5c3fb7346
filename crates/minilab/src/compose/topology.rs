//! Exchanges and queues of a broker that somebody may want to make by hand.
use anyhow::Result;
use minilab_queue::{Difference, State};
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
    let found = match queue {
        QueueConfig::Sqlite(_) => Vec::new(),
        QueueConfig::RabbitMq(broker) => rabbitmq::check(broker).await?,
        QueueConfig::Sqs(sqs) => self::sqs::check(sqs).await?,
    };
    Ok(Topology {
        made: Vec::new(),
        wrong: in_words(&found),
    })
}

/// Makes what is missing. In SQS it also sets what is different; in RabbitMQ nothing can, and that takes a person.
pub async fn apply_topology(queue: &QueueConfig) -> Result<Topology> {
    let found = match queue {
        QueueConfig::Sqlite(_) => Vec::new(),
        QueueConfig::RabbitMq(broker) => rabbitmq::apply(broker).await?,
        QueueConfig::Sqs(sqs) => self::sqs::apply(sqs).await?,
    };
    let differs = found.iter().any(|found| found.state != State::Missing);
    let takes_a_person = differs && matches!(queue, QueueConfig::RabbitMq(_));
    let (made, wrong) = if takes_a_person {
        (Vec::new(), in_words(&found))
    } else {
        (in_words(&found), Vec::new())
    };
    Ok(Topology { made, wrong })
}

fn in_words(found: &[Difference]) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}

#[cfg(feature = "rabbitmq")]
mod rabbitmq {
    use anyhow::Result;
    use minilab_queue::{Difference, rabbitmq::topology};
    use minilab_recipe::RabbitMq;

    use super::super::queue::config_of;

    pub async fn check(broker: &RabbitMq) -> Result<Vec<Difference>> {
        Ok(topology::check(&config_of(broker)).await?)
    }

    pub async fn apply(broker: &RabbitMq) -> Result<Vec<Difference>> {
        Ok(topology::apply(&config_of(broker)).await?)
    }
}

#[cfg(not(feature = "rabbitmq"))]
mod rabbitmq {
    use anyhow::Result;
    use minilab_queue::Difference;
    use minilab_recipe::RabbitMq;

    use super::super::queue::no_rabbitmq;

    pub async fn check(_: &RabbitMq) -> Result<Vec<Difference>> {
        Err(no_rabbitmq())
    }

    pub async fn apply(_: &RabbitMq) -> Result<Vec<Difference>> {
        Err(no_rabbitmq())
    }
}

#[cfg(feature = "sqs")]
mod sqs {
    use anyhow::Result;
    use minilab_queue::{Difference, sqs::topology};
    use minilab_recipe::Sqs;

    use super::super::queue::sqs_config_of;

    pub async fn check(sqs: &Sqs) -> Result<Vec<Difference>> {
        Ok(topology::check(&sqs_config_of(sqs)).await?)
    }

    pub async fn apply(sqs: &Sqs) -> Result<Vec<Difference>> {
        Ok(topology::apply(&sqs_config_of(sqs)).await?)
    }
}

#[cfg(not(feature = "sqs"))]
mod sqs {
    use anyhow::Result;
    use minilab_queue::Difference;
    use minilab_recipe::Sqs;

    use super::super::queue::no_sqs;

    pub async fn check(_: &Sqs) -> Result<Vec<Difference>> {
        Err(no_sqs())
    }

    pub async fn apply(_: &Sqs) -> Result<Vec<Difference>> {
        Err(no_sqs())
    }
}
