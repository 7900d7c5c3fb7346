//! The dispatcher's part: takes wake-ups, and tells receivers what waits in the outboxes they name.
//!
//! Any number of senders share the queue. Each outbox is emptied in order and by one at a time, who claims it in the outbox
//! itself; within a process one task does. A receiver that takes nothing is left alone and costs the others nothing.
mod breaker;
mod busy;
mod look;
mod round;

use std::{
    collections::BTreeMap,
    fmt,
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use minilab_queue::{Clock, Delivery, Disposition, LeaseKeeper, Outlet, Queue, Settled};
use minilab_store::Store;
use minilab_telemetry::{Metrics, ReceiverKind};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::{breaker::Breaker, busy::Busy};
use crate::{
    Error, Outboxes,
    backoff::GIVEN_UP_AFTER,
    wake_up::{Cause, WakeUp, notify_queue},
};

/// Originals of one target told of at one time. More does not make a receiver faster.
const AT_ONCE: usize = 16;
/// How long the broker may keep a question when there is nothing; it answers at once when there is.
const WAIT: Duration = Duration::from_secs(20);
/// How long a broker or store that is away is left alone.
const PAUSE: Duration = Duration::from_secs(5);
/// A wake-up that finds all places of its target taken, or its outbox in somebody's hands, comes again after this.
const CROWDED: Duration = Duration::from_secs(1);
/// More than a batch of notifications to a slow receiver takes.
const HELD_MAX: Duration = Duration::from_mins(15);
/// A wake-up goes round about so often for each time that its age grows by what it was: few enough for a million of them.
const ROUNDS: u32 = 8;
/// However long a receiver was away, it is told what waits so long after it is back, at the latest.
const ROUND_MAX: Duration = Duration::from_hours(1);
/// A target, or a form of wake-ups, that this process does not know may be new, and another process may know it already.
const UNKNOWN: Duration = Duration::from_mins(1);
/// After that it was taken out of the configuration.
const UNKNOWN_MAX: Duration = Duration::from_hours(1);

/// A receiver, and what it is called.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name in the configuration, which names its outboxes.
    pub name: String,
    /// What it is, for metrics.
    pub kind: ReceiverKind,
    /// How it is told.
    pub outlet: Arc<dyn Outlet>,
}

/// What a sender is made of.
#[derive(Clone)]
pub struct SenderParts {
    /// Where outboxes are.
    pub state: Arc<dyn Store>,
    /// Where wake-ups wait.
    pub queue: Arc<dyn Queue>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What it tells of itself.
    pub metrics: Arc<Metrics>,
    /// Who is told.
    pub targets: Vec<Target>,
}

impl fmt::Debug for SenderParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SenderParts")
            .field("queue", &self.queue)
            .field("targets", &self.targets)
            .finish_non_exhaustive()
    }
}

/// Wake-ups in, notifications out.
#[derive(Debug)]
pub struct Sender {
    core: Arc<Core>,
}

/// What its tasks share.
#[derive(Debug)]
struct Core {
    /// What it calls itself in the outboxes that it claims.
    name: String,
    outboxes: Outboxes,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    posts: BTreeMap<String, Post>,
    busy: Busy,
    slots: Arc<Semaphore>,
}

/// A target at work.
#[derive(Debug)]
struct Post {
    target: Target,
    breaker: Breaker,
    slots: Semaphore,
}

impl Sender {
    /// Does nothing until it runs.
    pub fn new(parts: SenderParts) -> Self {
        let slots = AT_ONCE * parts.targets.len();
        let posts = parts.targets.into_iter().map(|target| {
            let post = Post {
                breaker: Breaker::default(),
                slots: Semaphore::new(AT_ONCE),
                target,
            };
            (post.target.name.clone(), post)
        });
        let core = Core {
            name: format!("{:016x}", RandomState::new().hash_one(std::process::id())),
            outboxes: Outboxes::new(parts.state),
            posts: posts.collect(),
            queue: parts.queue,
            clock: parts.clock,
            metrics: parts.metrics,
            busy: Busy::default(),
            slots: Arc::new(Semaphore::new(slots)),
        };
        Self { core: Arc::new(core) }
    }

    /// Runs until `drain`; what is being told then is told to its end, or dropped on `abort`. Returns when its tasks have.
    pub async fn run(self, drain: CancellationToken, abort: CancellationToken) {
        let tasks = TaskTracker::new();
        tasks.spawn(look::again_and_again(Arc::clone(&self.core), drain.clone()));
        while let Some(taken) = drain.run_until_cancelled(self.core.take()).await {
            for (slot, delivery) in taken {
                let (core, drain, abort) = (Arc::clone(&self.core), drain.clone(), abort.clone());
                tasks.spawn(async move {
                    core.deliver(delivery, &drain, &abort).await;
                    drop(slot);
                });
            }
        }
        tasks.close();
        tasks.wait().await;
    }
}

impl Core {
    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock.now()).expect("the clock shows a year below 9999")
    }

    /// Wake-ups, no more than there are places for.
    async fn take(&self) -> Vec<(OwnedSemaphorePermit, Delivery)> {
        let first = Arc::clone(&self.slots).acquire_owned().await;
        let mut slots = vec![first.expect("the semaphore is never closed")];
        while slots.len() < self.queue.limits().receive_max {
            let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
                break;
            };
            slots.push(slot);
        }
        match self.queue.receive(&notify_queue(), slots.len(), WAIT).await {
            Ok(deliveries) => slots.into_iter().zip(deliveries).collect(),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "notifications wait: no wake-ups can be received"
                );
                tokio::time::sleep(PAUSE).await;
                Vec::new()
            }
        }
    }

    async fn deliver(&self, delivery: Delivery, drain: &CancellationToken, abort: &CancellationToken) {
        let lease = LeaseKeeper::start(Arc::clone(&self.queue), &delivery, HELD_MAX);
        let disposition = tokio::select! {
            biased;
            () = abort.cancelled() => Disposition::Release { delay: Duration::ZERO },
            () = lease.ended().cancelled() => return,
            disposition = self.attend(&delivery, drain) => disposition,
        };
        match self.queue.settle(&delivery.receipt, disposition).await {
            Ok(Settled::Done) => {}
            Ok(Settled::LeaseLost) => tracing::debug!("a wake-up's lease was lost: it comes again"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a wake-up could not be settled: it comes again"
            ),
        }
    }

    /// What a wake-up comes to.
    async fn attend(&self, delivery: &Delivery, drain: &CancellationToken) -> Disposition {
        let wake_up = match WakeUp::read(&delivery.payload) {
            Ok(wake_up) => wake_up,
            Err(Error::Newer { .. }) => return Disposition::Release { delay: UNKNOWN },
            Err(error) => {
                return Disposition::Reject {
                    payload: delivery.payload.clone(),
                    reason: format!("envelope: {error}"),
                };
            }
        };
        let Some(post) = self.posts.get(&wake_up.target) else {
            return self.unknown(&wake_up);
        };
        if let Some(delay) = post.breaker.closed_for(self.now()) {
            return self.put_off(&wake_up, delay);
        }
        let Ok(_place) = post.slots.try_acquire() else {
            return Disposition::Release { delay: CROWDED };
        };
        let Some(mut turn) = self.busy.enter(&wake_up.target, &wake_up.key) else {
            // Whoever has it looks once more; but only as it was asked to look itself.
            return match wake_up.cause {
                Cause::Asked => Disposition::Release { delay: CROWDED },
                _ => Disposition::Complete,
            };
        };
        loop {
            let ended = self.round(post, &wake_up, drain).await;
            if !matches!(ended, Disposition::Complete) || !turn.once_more() {
                return ended;
            }
        }
    }

    /// While its receiver is left alone a wake-up goes round, the slower the longer that lasts, and in the end is dropped: the
    /// outbox stays, and is found when the receiver is back.
    fn put_off(&self, wake_up: &WakeUp, delay: Duration) -> Disposition {
        let age = self.age(wake_up);
        if age > GIVEN_UP_AFTER {
            return Disposition::Complete;
        }
        let delay = delay.max((age / ROUNDS).min(ROUND_MAX));
        Disposition::Release { delay }
    }

    fn age(&self, wake_up: &WakeUp) -> Duration {
        Duration::try_from(self.now().duration_since(wake_up.sent)).unwrap_or_default()
    }

    /// The outbox stays; whoever knows the target finds it.
    fn unknown(&self, wake_up: &WakeUp) -> Disposition {
        if self.age(wake_up) < UNKNOWN_MAX {
            return Disposition::Release { delay: UNKNOWN };
        }
        tracing::info!(
            target = wake_up.target,
            "a wake-up is of no target of this configuration"
        );
        Disposition::Complete
    }
}

#[cfg(test)]
mod tests;
