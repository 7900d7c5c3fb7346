//! The lines between the roles and their servers, which a test breaks; its own way to the servers stays whole.
use minilab_tests::{
    proxy::{HttpProxy, Link},
    servers::SeaweedFs,
};

use crate::{
    broker::{Broker, Kind},
    world::{Options, World},
};

/// Dropped, the roles are cut off.
pub struct Lines {
    pub broker: Link,
    pub store: HttpProxy,
}

impl Lines {
    /// Fair lines to new servers.
    pub async fn lay() -> (Self, (Broker, SeaweedFs)) {
        let servers = World::servers(Kind::default()).await;
        let addresses = (servers.0.address(), servers.1.address());
        // A proxy has a runtime of its own, and starting one blocks.
        let lay = move || Self {
            broker: Link::start(addresses.0).unwrap(),
            store: HttpProxy::start(addresses.1).unwrap(),
        };
        (tokio::task::spawn_blocking(lay).await.unwrap(), servers)
    }

    /// A world whose roles use new lines.
    pub async fn world(options: Options) -> (Self, World) {
        let (lines, (broker, seaweed)) = Self::lay().await;
        let options = Options {
            broker_at: Some(lines.broker.address()),
            endpoint: Some(lines.store.endpoint()),
            ..options
        };
        let world = World::on(broker, seaweed, &options).await;
        (lines, world)
    }
}
