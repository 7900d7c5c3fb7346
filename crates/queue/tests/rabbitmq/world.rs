//! A prefix of its own on a broker that others use too.
use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use minilab_queue::{
    Delivery, Disposition, Outgoing, Queue, QueueName, RabbitMq, RabbitMqConfig, Settled, conformance,
};
use ulid::Ulid;

/// The only wait there is, unless a test says otherwise: each costs a queue.
pub const WAIT: Duration = Duration::from_secs(2);
pub const LEASE: Duration = Duration::from_secs(3);
/// Far more than anything here takes; who waits that long waits for ever.
pub const DEADLINE: Duration = Duration::from_mins(1);

pub struct World {
    pub config: RabbitMqConfig,
    pub queue: Arc<RabbitMq>,
}

/// How tests use a broker.
pub fn config(url: &str) -> RabbitMqConfig {
    RabbitMqConfig {
        prefix: Ulid::generate().to_string(),
        lease: LEASE,
        waits: vec![WAIT],
        ..RabbitMqConfig::at(url)
    }
}

impl World {
    pub async fn new(url: &str) -> Self {
        Self::with(config(url)).await
    }

    pub async fn with(config: RabbitMqConfig) -> Self {
        let queue = Arc::new(RabbitMq::connect(config.clone()).await.unwrap());
        Self { config, queue }
    }

    /// The broker's name of a lane's queue.
    pub fn lane(&self, lane: &str) -> String {
        format!("{}.v1.jobs.{lane}", self.config.prefix)
    }

    pub async fn send(&self, payload: &str) {
        self.queue
            .send(vec![Outgoing::new(fast(), payload.to_owned())])
            .await
            .unwrap();
    }

    /// The next message of `fast`.
    pub async fn receive(&self) -> Delivery {
        self.receive_from(&fast()).await
    }

    pub async fn receive_from(&self, queue: &QueueName) -> Delivery {
        let received = self.queue.receive(queue, 1, DEADLINE).await.unwrap();
        received.into_iter().next().expect("a message comes in time")
    }

    pub async fn complete(&self, delivery: &Delivery) {
        self.settle(delivery, Disposition::Complete).await;
    }

    pub async fn settle(&self, delivery: &Delivery, disposition: Disposition) {
        let settled = self.queue.settle(&delivery.receipt, disposition).await;
        assert_eq!(settled.unwrap(), Settled::Done);
    }

    pub async fn ready(&self) -> u64 {
        self.queue.depth(&fast()).await.unwrap().ready
    }
}

#[async_trait]
impl conformance::World for World {
    fn queue(&self) -> Arc<dyn Queue> {
        Arc::clone(&self.queue) as Arc<dyn Queue>
    }

    async fn advance(&self, by: Duration) {
        tokio::time::sleep(by).await;
    }

    fn delay(&self) -> Duration {
        WAIT
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }
}

pub fn fast() -> QueueName {
    QueueName::new("fast").unwrap()
}

/// Asks until the answer is yes.
pub async fn until<F: Future<Output = bool>>(what: &str, asked: impl Fn() -> F) {
    let asking = async {
        while !asked().await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

/// Another client: what tests do behind the adapter's back.
pub async fn stranger(url: &str) -> lapin::Channel {
    let connection = lapin::Connection::connect(url, lapin::ConnectionProperties::default());
    // The channel keeps the connection.
    connection.await.unwrap().create_channel().await.unwrap()
}

/// An error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
