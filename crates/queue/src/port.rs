//! The port: what minilab asks of a broker. The docs are the contract; each sentence has a conformance test.
use std::{fmt, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

use crate::Error;

/// The name of a queue: `[a-z][a-z0-9-]*`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueName(String);

impl QueueName {
    /// Takes a name; `None` unless it fits the form above.
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        fits.then_some(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where messages go that are given up. An ordinary queue, whose deliveries also say why.
pub fn dead_queue() -> QueueName {
    QueueName("dead".to_owned())
}

/// Messages of one queue with equal coalescing keys need to be worked on only once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CoalescingKey(pub String);

/// A message on its way in.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// Where to.
    pub queue: QueueName,
    /// The bytes.
    pub payload: Bytes,
    /// Not to be delivered before this much time has passed.
    pub delay: Duration,
    /// Where [`Limits::coalesces`]: while a message with this key waits in the queue, the waiting payload is kept and made
    /// due at the earlier of both times; while one is leased, the new one waits until that one is settled or its lease ends.
    /// Only `send` coalesces: a retried, released or expired message stays a message of its own, because its
    /// payload may tell what an attempt left behind; of one key at most one message is leased at a time.
    pub coalesce: Option<CoalescingKey>,
    /// Whose message it is. Where the broker is fair between groups (SQS), one that sends very much makes others wait less;
    /// elsewhere it says nothing. A retried, released or expired message stays in its group.
    pub group: Option<String>,
}

impl Outgoing {
    /// A message that is due now and not coalesced.
    pub fn new(queue: QueueName, payload: impl Into<Bytes>) -> Self {
        Self {
            queue,
            payload: payload.into(),
            delay: Duration::ZERO,
            coalesce: None,
            group: None,
        }
    }

    /// The same, not to be delivered before this much time has passed.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// The same, of this group.
    #[must_use]
    pub fn of_group(self, group: impl Into<String>) -> Self {
        Self {
            group: Some(group.into()),
            ..self
        }
    }

    /// The same, to be worked on once together with others of this key.
    #[must_use]
    pub fn coalescing(self, key: impl Into<String>) -> Self {
        Self {
            coalesce: Some(CoalescingKey(key.into())),
            ..self
        }
    }
}

/// Proof of a delivery, to settle or extend it. Opaque; worth nothing once the lease is lost.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Receipt(pub String);

/// One hand-out of a message.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// From where.
    pub queue: QueueName,
    /// To settle or extend it.
    pub receipt: Receipt,
    /// The bytes.
    pub payload: Bytes,
    /// Has this message been handed out before, without having been settled since?
    pub redelivered: bool,
    /// How long the delivery is ours unless extended.
    pub lease: Duration,
    /// In a delivery from [`dead_queue`]: why the message is a dead letter, as given to [`Disposition::Reject`]; of one that
    /// the broker gave up by itself `delivery-limit: ...` or `expired: ...`. Elsewhere `None`.
    pub reason: Option<String>,
}

/// What becomes of a delivered message.
#[derive(Debug, Clone)]
pub enum Disposition {
    /// Done: the message is gone.
    Complete,
    /// Deliver `payload` in its place after `delay`. Never lost, and where the broker can do both in one step never there
    /// twice; RabbitMQ cannot, so there the new message is safe before the old one goes.
    Retry {
        /// The message's new bytes (counters live in the body).
        payload: Bytes,
        /// Not before.
        delay: Duration,
    },
    /// Handed back unfinished, as it was, due after `delay`; a later delivery is not marked redelivered.
    Release {
        /// Not before.
        delay: Duration,
    },
    /// Given up: moves to [`dead_queue`] with `payload` and the reason. One step, as a retry. It coalesces with nothing there.
    Reject {
        /// The message's last bytes.
        payload: Bytes,
        /// Stable class first, then words: `poison: the renderer died twice`.
        reason: String,
    },
}

/// Did the settlement count?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// Yes.
    Done,
    /// No: the lease had been lost, and somebody else has or will have the message.
    LeaseLost,
}

/// How much is in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Depth {
    /// Due now.
    pub ready: u64,
    /// Handed out; `None` where the broker does not tell.
    pub leased: Option<u64>,
    /// Due later, or held back until a leased message with the same coalescing key is settled; `None` where the broker does
    /// not tell.
    pub delayed: Option<u64>,
}

impl Depth {
    /// All messages that the broker tells of.
    pub fn known(self) -> u64 {
        self.ready + self.leased.unwrap_or(0) + self.delayed.unwrap_or(0)
    }
}

/// What an adapter has noticed beside what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noticed {
    /// Messages that the broker had stranded and that were put where they are waited for, since the adapter was made: each is
    /// a fault of the broker.
    pub rescued: u64,
    /// Messages of all queues that are due later, at the last look; `None` where [`Depth::delayed`] tells it of each queue.
    pub delayed: Option<u64>,
}

/// What an adapter can do, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest payload.
    pub payload_bytes_max: usize,
    /// Longest delay that is kept by the broker; longer ones are delivered early and released again.
    pub delay_max: Duration,
    /// How long a delivery is ours unless extended.
    pub lease: Duration,
    /// Most messages in one `receive`.
    pub receive_max: usize,
    /// Are [`Outgoing::coalesce`] keys honoured?
    pub coalesces: bool,
}

/// A broker: some named queues.
///
/// - **At least once**: what `send` has answered is delivered until it is completed, retried or rejected, across crashes
///   of this process and, where the adapter is durable, of the machine.
/// - **Leases**: a delivered message is not handed to anybody else until its lease ends; an expired lease makes it due
///   again at once, marked `redelivered`. A receipt of a lost lease settles nothing ([`Settled::LeaseLost`]).
/// - **All or nothing**: a `send` of several messages accepts all of them or, on an error, none it would not accept again.
/// - **Order** is not promised.
/// - **Cancellation**: dropping a `receive` loses no message (a delivery nobody got is due again after its lease at the
///   latest). Any other call may have taken effect when it is dropped or answers [`Error::Unavailable`]; asking again is
///   safe, at the price of a second copy of what was sent.
/// - **Retries** are the caller's.
#[async_trait]
pub trait Queue: Send + Sync + fmt::Debug + 'static {
    /// What this adapter can do.
    fn limits(&self) -> Limits;

    /// Accepts messages; they are safe when it answers.
    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error>;

    /// Hands out up to `max` due messages of one queue, waiting up to `wait` for the first.
    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error>;

    /// Makes a delivery ours for another [`Limits::lease`] from now.
    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error>;

    /// Says what becomes of a delivery.
    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error>;

    /// How much is in a queue now.
    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error>;

    /// Would it take a message for this queue now, and hand one out? An error says why not. A broker may answer
    /// [`Self::depth`] and deliver while it takes nothing.
    async fn works(&self, queue: &QueueName) -> Result<(), Error> {
        self.depth(queue).await.map(drop)
    }

    /// What it has noticed; asks nobody.
    fn noticed(&self) -> Noticed {
        Noticed::default()
    }

    /// Stops receiving and gives back unmarked what this adapter holds and has handed to nobody. Called last, when all
    /// deliveries are settled: what is called afterwards may be [`Error::Unavailable`].
    async fn close(&self) {}
}
