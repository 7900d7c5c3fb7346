//! Where jobs and events wait: RabbitMQ or SQS, with a way of the test's own to look at the queues and to hurt the server.
use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use anyhow::Result;
use minilab_tests::servers::{Moto, RabbitMq, RabbitMqOptions};
use serde_json::json;

use crate::{
    aws::{self, Aws},
    events::Exchange,
};

/// Which server holds the queues.
#[derive(Debug, Clone)]
pub enum Kind {
    RabbitMq(RabbitMqOptions),
    Sqs,
}

impl Default for Kind {
    fn default() -> Self {
        Self::RabbitMq(RabbitMqOptions::default())
    }
}

/// A server that runs.
pub enum Broker {
    RabbitMq(Mutex<RabbitMq>),
    Sqs(Mutex<Moto>),
}

/// How many messages a queue holds: by name, waiting, handed out.
pub type Messages = Vec<(String, u64, u64)>;

impl Broker {
    /// Starts one; blocks.
    pub fn start(kind: &Kind) -> Self {
        match kind {
            Kind::RabbitMq(options) => Self::RabbitMq(Mutex::new(RabbitMq::start(options).unwrap())),
            Kind::Sqs => Self::Sqs(Mutex::new(Moto::start().unwrap())),
        }
    }

    /// The server, where it is RabbitMQ.
    pub fn rabbitmq(&self) -> MutexGuard<'_, RabbitMq> {
        match self {
            Self::RabbitMq(server) => server.lock().unwrap(),
            Self::Sqs(_) => panic!("this world has no RabbitMQ"),
        }
    }

    pub fn address(&self) -> SocketAddr {
        match self {
            Self::RabbitMq(server) => server.lock().unwrap().address(),
            Self::Sqs(server) => server.lock().unwrap().address(),
        }
    }

    /// Lines of a configuration: where jobs wait, with more about it, and the intake of that broker. Roles find the server
    /// there, which may be a proxy.
    pub fn document(&self, at: SocketAddr, more: &str) -> String {
        match self {
            Self::RabbitMq(server) => {
                let url = server.lock().unwrap().url_through(at);
                format!("queue: {{ rabbitmq: {{ url: \"{url}\"{more} }} }}\nintake: [ rabbitmq")
            }
            Self::Sqs(_) => format!(
                "queue: {{ sqs: {{ region: {}, endpoint: \"http://{at}\", declare: apply{more} }} }}\nintake: [ sqs",
                aws::REGION
            ),
        }
    }

    pub async fn messages(&self) -> Messages {
        match self {
            Self::RabbitMq(server) => tokio::task::block_in_place(|| listed(&server.lock().unwrap())),
            Self::Sqs(_) => Aws::at(self.address()).messages().await.unwrap(),
        }
    }

    /// The way that a bucket's notifications take.
    pub async fn producer(&self) -> Result<Producer> {
        match self {
            Self::RabbitMq(server) => {
                let url = server.lock().unwrap().url();
                Ok(Producer::Exchange(Box::new(Exchange::open(&url).await?)))
            }
            Self::Sqs(_) => Ok(Producer::Sqs(Aws::at(self.address()))),
        }
    }

    /// Takes the server away for so long; blocks. One that keeps its messages in memory is frozen, the other dies.
    pub fn away(&self, time: Duration) {
        match self {
            Self::RabbitMq(server) => {
                let mut server = server.lock().unwrap();
                server.kill();
                std::thread::sleep(time);
                server.restart().unwrap();
            }
            Self::Sqs(server) => {
                let server = server.lock().unwrap();
                server.freeze().unwrap();
                std::thread::sleep(time);
                server.thaw().unwrap();
            }
        }
    }
}

fn listed(server: &RabbitMq) -> Messages {
    let columns = ["name", "messages_ready", "messages_unacknowledged"];
    let arguments = [&["list_queues", "--no-table-headers"], &columns[..]].concat();
    let listing = server.rabbitmqctl(&arguments).unwrap();
    let queue = |line: &str| {
        let mut words = line.split_whitespace();
        let name = words.next()?.to_owned();
        Some((name, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
    };
    listing.lines().filter_map(queue).collect()
}

/// Takes what a bucket says.
pub enum Producer {
    Exchange(Box<Exchange>),
    Sqs(Aws),
}

impl Producer {
    /// The broker has it when this returns.
    pub async fn publish(&self, body: &[u8]) -> Result<()> {
        match self {
            Self::Exchange(exchange) => exchange.publish(body).await,
            Self::Sqs(aws) => {
                let body = std::str::from_utf8(body)?;
                let message = json!({ "QueueUrl": aws.queue_url("minilab-events"), "MessageBody": body });
                aws.sqs("SendMessage", &message).await.map(drop)
            }
        }
    }
}
