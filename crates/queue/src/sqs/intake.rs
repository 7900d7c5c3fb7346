//! What comes out of one queue.
//!
//! A poll outlives the call that started it: to drop its request could lose what SQS has just handed out, until that
//! message's lease ends, and would mark it redelivered. What comes for nobody is held for the next who asks, and if nobody
//! does, handed back.
use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_sdk_sqs::types::MessageSystemAttributeName;
use tokio::{
    sync::Notify,
    time::{Instant, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    clients::Clients,
    failure::{Failure, Request},
    message::{ATTRIBUTES, Taken},
    places::Address,
    sender::seconds,
};
use crate::{Error, QueueName};

/// How long a message that nobody got is kept for the next who asks: a worker that has settled asks again at once.
pub(super) const LINGER: Duration = Duration::from_millis(500);
/// How long one poll waits for a message. SQS would wait for 20 s, but a process that is told to stop waits for its polls,
/// and a poll that nobody waits for any more keeps messages from others: for this long.
const POLL: Duration = Duration::from_secs(4);
/// How much longer SQS keeps a message from others than its lease with us lasts: what it may have been held, and the way.
pub(super) const MARGIN: Duration = Duration::from_secs(2);
/// Most messages of one poll.
pub(super) const RECEIVE_MAX: usize = 10;

/// One queue, as far as this process receives from it.
#[derive(Debug)]
pub(super) struct Intake {
    queue: QueueName,
    address: Arc<Address>,
    lease: Duration,
    clients: Arc<Clients>,
    state: Mutex<State>,
    /// Rung when a poll has ended.
    bell: Notify,
    tasks: TaskTracker,
    closing: CancellationToken,
}

#[derive(Debug)]
struct State {
    /// Ours, and nobody's here.
    held: VecDeque<Taken>,
    /// Calls that wait for a message.
    receiving: usize,
    /// Polls that wait for one.
    polling: usize,
    /// When the last call began or ended.
    asked: Instant,
    /// How many polls have failed, and why the last one has.
    failures: (u64, Option<Failure>),
}

/// What polls have in common.
#[derive(Debug, Clone)]
pub(super) struct Polling {
    pub clients: Arc<Clients>,
    pub lease: Duration,
    pub tasks: TaskTracker,
    pub closing: CancellationToken,
}

impl Intake {
    pub fn new(queue: QueueName, address: Arc<Address>, polling: Polling) -> Self {
        let state = State {
            held: VecDeque::new(),
            receiving: 0,
            polling: 0,
            asked: Instant::now(),
            failures: (0, None),
        };
        Self {
            queue,
            address,
            lease: polling.lease,
            clients: polling.clients,
            state: Mutex::new(state),
            bell: Notify::new(),
            tasks: polling.tasks,
            closing: polling.closing,
        }
    }

    /// Up to `max` messages, waiting until `deadline` for the first. Dropping it loses none: what was on its way is held.
    pub async fn receive(self: &Arc<Self>, max: usize, deadline: Instant) -> Result<Vec<Taken>, Error> {
        let receiving = Receiving::start(self);
        let mut looked = false;
        loop {
            let mut rung = pin!(self.bell.notified());
            rung.as_mut().enable();
            let taken = self.take(max);
            let waits = Instant::now() < deadline;
            if !taken.is_empty() || max == 0 || (looked && !waits) {
                return Ok(taken);
            }
            if self.closing.is_cancelled() {
                return Err(self.failed(Failure::Unavailable("it was closed".into())));
            }
            if !looked && !waits {
                self.look(max).await?;
            }
            looked = true;
            if !waits {
                continue;
            }
            self.poll_for_all(max, deadline);
            tokio::select! {
                () = rung => receiving.check(self)?,
                () = sleep_until(deadline) => {}
                () = self.closing.cancelled() => {}
            }
        }
    }

    /// Takes what is held although nobody has asked for a while, or for too long; or all if closed.
    pub fn unwanted(&self) -> Vec<Taken> {
        let mut state = self.state();
        let nobody_asks = state.receiving == 0 && state.asked.elapsed() >= LINGER;
        if self.closing.is_cancelled() || nobody_asks {
            return state.held.drain(..).collect();
        }
        let (stale, fresh) = state.held.drain(..).partition(is_stale);
        state.held = fresh;
        Vec::from_iter::<VecDeque<_>>(stale)
    }

    /// Holds a message for the next who asks.
    pub fn hold(&self, taken: Taken) {
        self.state().held.push_back(taken);
        self.bell.notify_waiters();
    }

    fn take(&self, max: usize) -> Vec<Taken> {
        let mut state = self.state();
        let mut taken = Vec::new();
        while taken.len() < max && state.held.front().is_some_and(|held| !is_stale(held)) {
            taken.extend(state.held.pop_front());
        }
        taken
    }

    /// One poll that does not wait, in a task of its own: the caller may go.
    async fn look(self: &Arc<Self>, max: usize) -> Result<(), Error> {
        let this = Arc::clone(self);
        let looking = self.tasks.spawn(async move {
            let polled = this.poll(max, 0).await;
            polled.map(|all| all.into_iter().for_each(|taken| this.hold(taken)))
        });
        match looking.await {
            Ok(looked) => looked.map_err(|failure| self.failed(failure)),
            Err(error) => Err(self.failed(Failure::Unavailable(error.to_string()))),
        }
    }

    /// Starts a poll for everybody who waits and has none.
    fn poll_for_all(self: &Arc<Self>, max: usize, deadline: Instant) {
        let wait = seconds(POLL.min(deadline.saturating_duration_since(Instant::now())));
        let mut state = self.state();
        let missing = state.receiving.saturating_sub(state.polling);
        state.polling += missing;
        drop(state);
        for _ in 0..missing {
            let this = Arc::clone(self);
            self.tasks.spawn(async move { this.poll_once(max, wait).await });
        }
    }

    async fn poll_once(&self, max: usize, wait: i32) {
        let polled = self.poll(max, wait).await;
        let mut state = self.state();
        state.polling -= 1;
        match polled {
            Ok(taken) => state.held.extend(taken),
            Err(failure) => state.failures = (state.failures.0 + 1, Some(failure)),
        }
        drop(state);
        self.bell.notify_waiters();
    }

    async fn poll(&self, max: usize, wait: i32) -> Result<Vec<Taken>, Failure> {
        use MessageSystemAttributeName::{ApproximateReceiveCount, DeadLetterQueueSourceArn, MessageGroupId};
        let asked = self
            .clients
            .receive
            .receive_message()
            .queue_url(&self.address.url);
        let answer = asked
            .max_number_of_messages(max.min(RECEIVE_MAX) as i32)
            .wait_time_seconds(wait)
            .visibility_timeout(visibility(self.lease))
            .set_message_attribute_names(Some(ATTRIBUTES.map(str::to_owned).into()))
            .message_system_attribute_names(ApproximateReceiveCount)
            .message_system_attribute_names(MessageGroupId)
            .message_system_attribute_names(DeadLetterQueueSourceArn)
            .send()
            .await;
        let answer = answer.map_err(|error| Failure::of(Request::Receive, &error))?;
        let (messages, arrived) = (answer.messages.unwrap_or_default(), Instant::now());
        let taken = messages
            .into_iter()
            .filter_map(|message| Taken::new(&self.queue, message, arrived));
        Ok(taken.collect())
    }

    fn failed(&self, failure: Failure) -> Error {
        failure.into_error(Request::Receive, &self.address.name)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For how long SQS is told to keep a message from others.
pub(super) fn visibility(lease: Duration) -> i32 {
    seconds(lease + MARGIN)
}

/// So long ago that SQS would hand it out again before its lease with us ended.
fn is_stale(taken: &Taken) -> bool {
    taken.arrived.elapsed() >= MARGIN / 2
}

/// A call that waits; counted until it is dropped.
struct Receiving {
    intake: Arc<Intake>,
    failures: u64,
}

impl Receiving {
    fn start(intake: &Arc<Intake>) -> Self {
        let mut state = intake.state();
        state.receiving += 1;
        state.asked = Instant::now();
        let failures = state.failures.0;
        drop(state);
        Self {
            intake: Arc::clone(intake),
            failures,
        }
    }

    /// Fails if a poll has failed since.
    fn check(&self, intake: &Intake) -> Result<(), Error> {
        let state = intake.state();
        match &state.failures {
            (count, Some(failure)) if *count != self.failures && state.held.is_empty() => {
                Err(intake.failed(failure.clone()))
            }
            _ => Ok(()),
        }
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        let mut state = self.intake.state();
        state.receiving -= 1;
        state.asked = Instant::now();
    }
}
