//! At-least-once delivery of opaque payloads: the port, the lease keeper, the adapters and the conformance suite that
//! every adapter runs.
//!
//! This crate knows no image, job or recipe: a payload is bytes, a queue is a name.
mod backoff;
mod clock;
#[cfg(feature = "testing")]
pub mod conformance;
mod declare;
mod difference;
mod error;
#[cfg(feature = "testing")]
mod faulty;
mod lease;
mod limits;
mod memory;
mod outlet;
mod port;
#[cfg(feature = "rabbitmq")]
pub mod rabbitmq;
mod sqlite;
#[cfg(feature = "sqs")]
pub mod sqs;
mod waiters;

pub use backoff::Backoff;
#[cfg(feature = "testing")]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock};
pub use declare::Declare;
pub use difference::{Difference, State};
pub use error::Error;
#[cfg(feature = "testing")]
pub use faulty::{Fault, Faulty, Moment};
pub use lease::{LeaseEnd, LeaseKeeper};
pub use limits::LEASE;
pub use memory::Memory;
pub use outlet::{Announcement, NotTaken, Outlet};
pub use port::{
    CoalescingKey, Delivery, Depth, Disposition, Limits, Noticed, Outgoing, Queue, QueueName, Receipt,
    Settled, dead_queue,
};
#[cfg(feature = "rabbitmq")]
pub use rabbitmq::{Config as RabbitMqConfig, RabbitMq};
pub use sqlite::{Config as SqliteConfig, Sqlite};
#[cfg(feature = "sqs")]
pub use sqs::{Config as SqsConfig, EventsConfig as SqsEventsConfig, Sqs};
