//! Telling the rest of the world: what a record says becomes notifications, which wait in an outbox for each target and
//! original until its receiver has taken them.
//!
//! Workers write outboxes ([`Notifier`]), and dispatchers where a job was given up; dispatchers empty them ([`Sender`]); between them the queue [`notify_queue`] only
//! carries which outbox to look at. See docs/adr/0008.
mod backoff;
mod error;
mod notifier;
mod outbox;
mod outboxes;
mod replay;
mod sayings;
mod sender;
mod wake_up;
pub mod webhook;

pub use error::Error;
pub use notifier::{Listener, Noted, Notifier, listeners};
pub use outbox::{Appended, EMPTY_BYTES_MAX, Held, Outbox, Trouble};
pub use outboxes::{Listed, Outboxes};
pub use replay::{Replayed, Retelling, replay, retell};
pub use sayings::sayings;
pub use sender::{Sender, SenderParts, Target};
pub use wake_up::notify_queue;
