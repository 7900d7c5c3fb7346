//! The lines between the fleet and its servers, which bad weather breaks.
use std::net::SocketAddr;

use minilab_tests::{
    proxy::{Fault, HttpProxy, Link, S3Error},
    servers::SeaweedFs,
};

use crate::{
    broker::{Broker, Kind},
    world::{Options, World},
};

/// What an answer in the server's place says.
const ANSWERS: [Fault; 5] = [
    Fault::Swallowed,
    Fault::Answered(S3Error::SlowDown),
    Fault::Answered(S3Error::InternalError),
    Fault::Answered(S3Error::ConditionalRequestConflict),
    Fault::Answered(S3Error::PreconditionFailed),
];
const OF_LINES: [Fault; 5] = [
    Fault::Reset,
    Fault::Cut,
    Fault::Delayed,
    Fault::Trickled,
    Fault::Withheld,
];

/// Dropped, the fleet is cut off.
pub struct Lines {
    pub broker: BrokerLine,
    pub store: HttpProxy,
    servers: Option<(Broker, SeaweedFs)>,
}

/// A broker speaks a protocol of its own, or HTTP.
pub enum BrokerLine {
    Own(Link),
    Http(HttpProxy),
}

impl BrokerLine {
    fn lay(broker: &Broker) -> Self {
        match broker {
            Broker::RabbitMq(_) => Self::Own(Link::start(broker.address()).unwrap()),
            Broker::Sqs(_) => Self::Http(HttpProxy::start(broker.address()).unwrap()),
        }
    }

    pub fn link(&self) -> &Link {
        match self {
            Self::Own(link) => link,
            Self::Http(proxy) => proxy.link(),
        }
    }

    /// What understands the requests on it.
    pub fn http(&self) -> &HttpProxy {
        match self {
            Self::Own(_) => panic!("this broker does not speak HTTP"),
            Self::Http(proxy) => proxy,
        }
    }

    fn address(&self) -> SocketAddr {
        self.link().address()
    }

    fn mend(&self) {
        match self {
            Self::Own(link) => link.mend(),
            Self::Http(proxy) => proxy.mend(),
        }
    }
}

impl Lines {
    /// Servers with nothing in them, and a fair line to each.
    pub async fn new(kind: Kind) -> Self {
        let (broker, seaweed) = World::servers(kind).await;
        // A proxy has a runtime of its own, and starting one blocks.
        let start = move || Self {
            broker: BrokerLine::lay(&broker),
            store: HttpProxy::start(seaweed.address()).unwrap(),
            servers: Some((broker, seaweed)),
        };
        tokio::task::spawn_blocking(start).await.unwrap()
    }

    /// A world whose roles use these lines.
    pub fn options(&self, queue: &str) -> Options {
        Options {
            queue: queue.to_owned(),
            broker_at: Some(self.broker.address()),
            endpoint: Some(self.store.endpoint()),
            ..Options::default()
        }
    }

    pub async fn world(&mut self, options: &Options) -> World {
        let (broker, seaweed) = self.servers.take().expect("one world");
        World::on(broker, seaweed, options).await
    }

    /// All are fair again.
    pub fn mend(&self) {
        self.broker.mend();
        self.store.mend();
    }

    /// Everything that they did to what passed, until now.
    pub fn faults(&self) -> u64 {
        let links = [self.broker.link(), self.store.link()];
        let of_links = links
            .iter()
            .flat_map(|link| OF_LINES.map(|fault| link.hits(fault)));
        let mut proxies = vec![&self.store];
        if let BrokerLine::Http(proxy) = &self.broker {
            proxies.push(proxy);
        }
        let of_requests = proxies
            .iter()
            .flat_map(|proxy| ANSWERS.map(|fault| proxy.hits(fault)));
        of_links.chain(of_requests).sum()
    }
}

/// Does a piece of what RabbitMQ says hold a confirmation of something published? (AMQP's `basic.ack`: a frame of 13 bytes on any
/// channel, class 60, method 80.)
pub fn is_confirm(piece: &[u8]) -> bool {
    let is_ack = |frame: &[u8]| frame[0] == 1 && frame[3..] == [0, 0, 0, 13, 0, 60, 0, 80];
    piece.windows(11).any(is_ack)
}
