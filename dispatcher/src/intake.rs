//! The ways in: a folder that is watched, a broker's queue of events, a webhook, and what SNS pushes.
mod folder;
mod messages;
mod origin;
mod pause;
mod pushed;
mod queue;
mod sns;
mod token;
mod webhook;

pub(crate) use folder::FolderIntake;
pub(crate) use messages::Messages;
pub(crate) use queue::QueueIntake;
pub use queue::events_queue;
pub use sns::{Fetch, FetchError, Sns, SnsHeaders, SnsRefusal};
pub use token::{InvalidToken, Token};
pub use webhook::{Webhook, WebhookVerdict};
