//! How the program runs: where jobs wait, how uploads are noticed, where files are served. None of it affects what is made.
mod intake;
mod queue;
mod sns;

use std::net::SocketAddr;

pub use intake::{EventQueue, Intake, SqsEvents, Webhook};
pub use queue::{Declare, QueueConfig, RabbitMq, Sqs, SqsService};
pub use sns::{Sns, TopicArn};

use super::read::Problems;
use super::scalar;
use super::tree::Tree;
use crate::diagnostic::Code;

pub(super) use intake::intake;
pub(super) use queue::{amqp_url, declare, queue, sqs_service};

/// `127.0.0.1:8080`, or a port on loopback.
pub(super) fn address(tree: &Tree, problems: &Problems) -> Option<SocketAddr> {
    let text = scalar::text(tree, problems)?;
    let on_loopback = || {
        text.parse::<u16>()
            .ok()
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
    };
    let address = text.parse().ok().or_else(on_loopback);
    if address.is_none() {
        let help = "an address with a port, such as 127.0.0.1:8080".to_owned();
        problems.note(
            tree.span,
            Code::BadValue,
            format!("{text:?} is no address to listen on"),
            Some(help),
        );
    }
    address
}
