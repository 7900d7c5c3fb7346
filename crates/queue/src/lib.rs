//! At-least-once delivery of opaque payloads: the port, the lease keeper, the adapters and the conformance suite that
//! every adapter runs.
//!
//! This crate knows no image, job or recipe: a payload is bytes, a queue is a name.
mod error;
mod port;

pub use error::Error;
pub use port::{
    CoalescingKey, DeadLetter, Delivery, Depth, Disposition, Limits, Outgoing, Queue, QueueName, Receipt, Settled,
};
