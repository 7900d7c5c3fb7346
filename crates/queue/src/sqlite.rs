//! Queues in one SQLite file on this machine, durable across crashes and power cuts. One process at a time.
mod call;
mod failure;
mod lease_id;
mod ledger;
mod lock;
mod schema;
mod sql;
mod writer;

use std::{
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};

use crate::{
    Clock, Delivery, Depth, Disposition, Error, Limits, Outgoing, Queue, QueueName, Receipt, Settled,
    SystemClock, limits, waiters::Waiters,
};
use call::{Answer, Asked, Call, Receive};
use lease_id::LeaseId;
use ledger::{Claim, Claimed, Ledger};
use writer::Command;

/// Longest wait of one `receive`; keeps `now + wait` representable.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// Where the queues are kept, and how.
#[derive(Debug, Clone)]
pub struct Config {
    /// The database; made if it is not there. Its folder must exist, on a local disk.
    pub path: PathBuf,
    /// How long a delivery is ours unless extended.
    pub lease: Duration,
}

impl Config {
    /// The defaults for a database.
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            lease: limits::LEASE,
        }
    }
}

/// The broker in a SQLite file.
///
/// Dropping it ends the writer soon after what it has accepted; [`Queue::close`] waits for that.
#[derive(Debug)]
pub struct Sqlite {
    broker: String,
    limits: Limits,
    clock: Arc<dyn Clock>,
    waiters: Arc<Waiters>,
    commands: mpsc::Sender<Command>,
}

impl Sqlite {
    /// Opens or makes the database and locks it for this process. Messages that an ended process had leased are due at
    /// once, marked redelivered.
    pub async fn open(config: Config) -> Result<Self, Error> {
        Self::open_with_clock(config, Arc::new(SystemClock::default())).await
    }

    /// As [`Self::open`], with a clock that somebody else moves.
    pub async fn open_with_clock(config: Config, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let Config { path, lease } = config;
        let (broker, limits, waiters) = (
            path.display().to_string(),
            limits::embedded(lease),
            Arc::default(),
        );
        let commands = writer::start(path, Arc::clone(&clock), limits, Arc::clone(&waiters)).await?;
        Ok(Self {
            broker,
            limits,
            clock,
            waiters,
            commands,
        })
    }

    async fn ask<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnMut(&mut Ledger<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let (call, answer) = Asked::new(operation, work);
        self.pass(call, answer).await
    }

    async fn claim(&self, queue: &QueueName, max: usize) -> Result<Claimed, Error> {
        let (call, answer) = Receive::new(queue.clone(), max, &self.commands);
        self.pass(call, answer).await.map(call::Parcel::open)
    }

    async fn pass<T>(&self, call: impl Call + 'static, answer: Answer<T>) -> Result<T, Error> {
        let operation = call.operation();
        let closed = |_| Error::Unavailable {
            queue: self.broker.clone(),
            operation,
            cause: "it was closed".into(),
        };
        self.commands
            .send(Command::Run(Box::new(call)))
            .await
            .map_err(|e| closed(e.to_string()))?;
        answer.await.map_err(|e| closed(e.to_string()))?
    }

    fn delivery(&self, queue: &QueueName, claim: Claim) -> Delivery {
        Delivery {
            queue: queue.clone(),
            receipt: claim.lease.receipt(),
            payload: claim.payload,
            redelivered: claim.redelivered,
            lease: self.limits.lease,
            reason: claim.reason,
        }
    }
}

#[async_trait]
impl Queue for Sqlite {
    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        self.limits
            .admit_all(messages.iter().map(|m| (&m.queue, &m.payload)))?;
        self.ask("send", move |ledger| ledger.send(&messages)).await
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let max = max.min(self.limits.receive_max);
        let deadline: SystemTime = self.clock.now() + wait.min(WAIT_MAX);
        let bell = self.waiters.bell(queue);
        loop {
            let mut rung = pin!(bell.notified());
            rung.as_mut().enable();
            let Claimed { claims, next } = self.claim(queue, max).await?;
            if !claims.is_empty() || max == 0 || self.clock.now() >= deadline {
                return Ok(claims
                    .into_iter()
                    .map(|claim| self.delivery(queue, claim))
                    .collect());
            }
            tokio::select! {
                () = rung => {}
                () = self.clock.sleep_until(next.map_or(deadline, |next| next.min(deadline))) => {}
            }
        }
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        let Some(lease) = LeaseId::parse(receipt) else {
            return Ok(Settled::LeaseLost);
        };
        self.ask("extend", move |ledger| ledger.extend(lease)).await
    }

    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
        if let Disposition::Retry { payload, .. } | Disposition::Reject { payload, .. } = &disposition {
            self.limits.admit(&self.broker, payload)?;
        }
        let Some(lease) = LeaseId::parse(receipt) else {
            return Ok(Settled::LeaseLost);
        };
        self.ask("settle", move |ledger| ledger.settle(lease, &disposition))
            .await
    }

    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        let queue = queue.clone();
        self.ask("depth", move |ledger| ledger.depth(&queue)).await
    }

    /// Finishes the calls it has accepted and lets go of the files; every later call is [`Error::Unavailable`].
    async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.commands.send(Command::Close(done)).await.is_ok() {
            // The writer answers or is gone: closed either way.
            let _ = closed.await;
        }
    }
}
