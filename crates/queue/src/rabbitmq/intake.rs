//! What comes out of one queue.
//!
//! A message is fetched when somebody asks (`basic.get`); only while somebody waits on an empty queue there is a consumer, one
//! for each who waits, which takes one message and is cancelled. So nothing is prefetched that nobody asked for: a message held
//! here is one that other workers cannot have, and one that is marked redelivered if this connection ends.
use std::{
    collections::VecDeque,
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::{StreamExt as _, future::join_all};
use lapin::{
    options::{BasicCancelOptions, BasicConsumeOptions, BasicGetOptions},
    types::{FieldTable, ShortString},
};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    channels::{Channels, Taken},
    failure::unavailable,
};
use crate::{Error, QueueName};

/// How long a consumer, or a message nobody got, is kept for the next who asks: a worker that has settled asks again at once.
pub(super) const LINGER: Duration = Duration::from_secs(1);
/// How many messages are fetched at once when more than one was asked for.
const FETCHES_MAX: usize = 16;

/// One queue, as far as this process receives from it.
#[derive(Debug)]
pub(super) struct Intake {
    queue: QueueName,
    name: ShortString,
    channels: Arc<Channels>,
    state: Mutex<State>,
    /// Rung when something was held, or went wrong.
    bell: Notify,
    /// What must not end with the call that started it: it may hold a message.
    tasks: TaskTracker,
    closing: CancellationToken,
}

#[derive(Debug)]
struct State {
    /// Ours, and nobody's here.
    held: VecDeque<Taken>,
    /// Calls that wait for one.
    receiving: usize,
    /// Consumers that wait for one.
    listening: usize,
    /// When the last call began or ended.
    asked: Instant,
    /// How many consumers have failed, and why the last one has.
    failures: (u64, Arc<str>),
}

impl Intake {
    pub fn new(
        queue: QueueName,
        name: ShortString,
        channels: Arc<Channels>,
        tasks: TaskTracker,
        closing: CancellationToken,
    ) -> Self {
        let state = State {
            held: VecDeque::new(),
            receiving: 0,
            listening: 0,
            asked: Instant::now(),
            failures: (0, "".into()),
        };
        Self {
            queue,
            name,
            channels,
            state: Mutex::new(state),
            bell: Notify::new(),
            tasks,
            closing,
        }
    }

    /// Up to `max` messages, waiting until `deadline` for the first. Dropping it loses none: what was on its way is held.
    pub async fn receive(self: &Arc<Self>, max: usize, deadline: Instant) -> Result<Vec<Taken>, Error> {
        let receiving = Receiving::start(self);
        let mut looked = false;
        loop {
            let mut rung = pin!(self.bell.notified());
            rung.as_mut().enable();
            let held = self.held();
            // The first look of a call, and later, when there is something, to fill the call.
            if held < max && (held > 0 || !looked) {
                self.fetch(max - held).await?;
            }
            looked = true;
            let taken = self.take(max);
            if !taken.is_empty() || max == 0 || Instant::now() >= deadline {
                return Ok(taken);
            }
            self.listen_for_all();
            tokio::select! {
                () = rung => receiving.check(self)?,
                () = sleep_until(deadline) => {}
                () = self.closing.cancelled() => return Err(self.unavailable("it was closed")),
            }
        }
    }

    /// How many messages are held for the next who asks.
    pub fn held(&self) -> usize {
        self.state().held.len()
    }

    /// Takes what is held although nobody has asked for a while, or all if `closed`.
    pub fn unwanted(&self) -> Vec<Taken> {
        let mut state = self.state();
        if self.closing.is_cancelled() || state.is_unwanted() {
            return state.held.drain(..).collect();
        }
        Vec::new()
    }

    /// Holds a message for the next who asks.
    pub fn hold(&self, taken: Taken) {
        self.state().held.push_back(taken);
        self.bell.notify_waiters();
    }

    fn take(&self, max: usize) -> Vec<Taken> {
        let mut state = self.state();
        state.held.retain(Taken::is_ours);
        let count = max.min(state.held.len());
        state.held.drain(..count).collect()
    }

    async fn fetch(self: &Arc<Self>, wanted: usize) -> Result<(), Error> {
        if self.closing.is_cancelled() {
            return Err(self.unavailable("it was closed"));
        }
        let this = Arc::clone(self);
        let fetched = self.tasks.spawn(async move { this.get_up_to(wanted).await });
        fetched
            .await
            .unwrap_or_else(|error| Err(unavailable(&self.queue, "receive", error)))
    }

    /// Twice as many at a time as before while there are any: one message costs one question, many cost few round trips.
    async fn get_up_to(&self, wanted: usize) -> Result<(), Error> {
        let (mut left, mut at_once) = (wanted, 1);
        while left > 0 {
            let count = left.min(at_once);
            let (mut found, mut failed) = (0, None);
            for got in join_all((0..count).map(|_| self.get())).await {
                match got {
                    Ok(Some(taken)) => {
                        self.hold(taken);
                        found += 1;
                    }
                    Ok(None) => {}
                    Err(error) => failed = Some(error),
                }
            }
            match failed {
                Some(error) if self.held() == 0 => return Err(error),
                Some(_) => return Ok(()),
                None if found < count => return Ok(()),
                None => {}
            }
            left -= count;
            at_once = (at_once * 2).min(FETCHES_MAX);
        }
        Ok(())
    }

    async fn get(&self) -> Result<Option<Taken>, Error> {
        let channel = self.channels.take("receive").await?;
        let got = channel.basic_get(self.name.clone(), BasicGetOptions { no_ack: false });
        let got = got.await.map_err(|error| self.unavailable(error))?;
        let Some(message) = got else {
            self.channels.put_back(channel);
            return Ok(None);
        };
        Ok(Some(Taken::new(&self.queue, message.delivery, channel)))
    }

    /// Starts a consumer for everybody who waits and has none.
    fn listen_for_all(self: &Arc<Self>) {
        let mut state = self.state();
        let missing = state.receiving.saturating_sub(state.listening + state.held.len());
        state.listening += missing;
        drop(state);
        for _ in 0..missing {
            self.tasks.spawn(Arc::clone(self).listen());
        }
    }

    async fn listen(self: Arc<Self>) {
        let heard = self.hear().await;
        let mut state = self.state();
        state.listening -= 1;
        match heard {
            Ok(taken) => state.held.extend(taken),
            Err(error) => {
                let why =
                    std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
                state.failures = (state.failures.0 + 1, why.into());
            }
        }
        drop(state);
        self.bell.notify_waiters();
    }

    /// The next message; none when nobody waits for it any more.
    async fn hear(&self) -> Result<Option<Taken>, Error> {
        let channel = self.channels.take("receive").await?;
        let (tag, options) = (ShortString::from(""), BasicConsumeOptions::default());
        let consumer = channel.basic_consume(self.name.clone(), tag, options, FieldTable::default());
        let mut consumer = consumer.await.map_err(|error| self.unavailable(error))?;
        let mut cancelled = false;
        let next = tokio::select! {
            next = consumer.next() => next,
            () = self.nobody_waits() => {
                cancelled = true;
                // With an answer, because a message may be on its way until it comes.
                let cancel = channel.basic_cancel(consumer.tag(), BasicCancelOptions { nowait: false });
                cancel.await.map_err(|error| self.unavailable(error))?;
                consumer.next().await
            }
        };
        match next {
            Some(Ok(delivery)) => {
                if !cancelled {
                    // Without an answer: there is nothing on its way, because this one is not settled.
                    let cancel = channel.basic_cancel(consumer.tag(), BasicCancelOptions { nowait: true });
                    cancel.await.map_err(|error| self.unavailable(error))?;
                }
                Ok(Some(Taken::new(&self.queue, delivery, channel)))
            }
            Some(Err(error)) => Err(self.unavailable(error)),
            None if cancelled => {
                self.channels.put_back(channel);
                Ok(None)
            }
            None => Err(self.unavailable("the broker cancelled the consumer: was the queue deleted?")),
        }
    }

    async fn nobody_waits(&self) {
        loop {
            tokio::select! {
                () = self.closing.cancelled() => return,
                () = sleep(LINGER) => {}
            }
            if self.state().is_unwanted() {
                return;
            }
        }
    }

    fn unavailable(&self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        unavailable(&self.queue, "receive", cause)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_unwanted(&self) -> bool {
        self.receiving < self.listening + self.held.len() && self.asked.elapsed() >= LINGER
    }
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

    /// Fails if a consumer has failed since.
    fn check(&self, intake: &Intake) -> Result<(), Error> {
        let state = intake.state();
        if state.failures.0 == self.failures || !state.held.is_empty() {
            return Ok(());
        }
        Err(intake.unavailable(&*state.failures.1))
    }
}

impl Drop for Receiving {
    fn drop(&mut self) {
        let mut state = self.intake.state();
        state.receiving -= 1;
        state.asked = Instant::now();
    }
}
