//! A prefix of its own on a service that others use too.
use std::{net::SocketAddr, sync::Arc, time::Duration};

use async_trait::async_trait;
use minilab_queue::{
    Declare, Delivery, Disposition, Outgoing, Queue, QueueName, Settled, Sqs, SqsConfig, conformance, sqs,
};
use minilab_tests::servers::Moto;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use ulid::Ulid;

pub const LEASE: Duration = Duration::from_secs(3);
/// What SQS keeps exactly is whole seconds.
pub const DELAY: Duration = Duration::from_secs(2);
/// Far more than anything here takes; who waits that long waits for ever.
pub const DEADLINE: Duration = Duration::from_mins(1);

pub struct World {
    pub config: SqsConfig,
    pub queue: Arc<Sqs>,
}

/// Where tests find an SQS.
pub fn service(moto: &Moto) -> sqs::Service {
    service_at(moto.endpoint())
}

pub fn service_at(endpoint: String) -> sqs::Service {
    sqs::Service {
        region: Some("us-east-1".into()),
        endpoint: Some(endpoint),
        credentials: Some(sqs::Credentials {
            access_key: "minilab".into(),
            secret_key: SECRET.into(),
        }),
    }
}

/// Everybody's at moto.
pub const ACCOUNT: &str = "123456789012";
pub const SECRET: &str = "hunter2-of-the-test";

/// How tests use it: with queues of their own, made on the way.
pub fn config(service: sqs::Service) -> SqsConfig {
    SqsConfig {
        prefix: Ulid::generate().to_string(),
        declare: Declare::Apply,
        lease: LEASE,
        ..SqsConfig::at(service)
    }
}

impl World {
    pub async fn new(moto: &Moto) -> Self {
        Self::with(config(service(moto))).await
    }

    pub async fn with(config: SqsConfig) -> Self {
        let queue = Arc::new(Sqs::connect(config.clone()).await.unwrap());
        Self { config, queue }
    }

    /// Another process of the same fleet.
    pub async fn beside(&self) -> Self {
        Self::with(self.config.clone()).await
    }

    /// The address of one of its queues.
    pub fn url(&self, rest: &str) -> String {
        let endpoint = self.config.service.endpoint.as_deref().unwrap();
        format!("{endpoint}/{ACCOUNT}/{}-{rest}", self.config.prefix)
    }

    pub async fn send(&self, payload: &str) {
        let message = Outgoing::new(fast(), payload.to_owned());
        self.queue.send(vec![message]).await.unwrap();
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
        DELAY
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(20)
    }
}

pub fn fast() -> QueueName {
    lane("fast")
}

pub fn lane(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

/// What tests do behind the adapter's back: one question as SQS's protocol has it.
pub async fn ask(moto: &Moto, operation: &str, body: &Value) -> Value {
    let (status, answer) = asked(moto.address(), operation, body).await;
    assert_eq!(status, 200, "{operation}: {answer}");
    answer
}

/// The same of any emulator, and also where the answer is a refusal. Of the signature it reads only for which service it is.
pub async fn asked(address: SocketAddr, operation: &str, body: &Value) -> (u16, Value) {
    let body = body.to_string();
    let scope = "AWS4-HMAC-SHA256 Credential=minilab/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";
    let head = format!(
        "POST / HTTP/1.0\r\nhost: {address}\r\nauthorization: {scope}\r\nx-amz-target: AmazonSQS.{operation}\r\ncontent-type: application/x-amz-json-1.0\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// An error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
