//! Queues in this process's memory, on tokio's time (which tests pause). Gone with the process.
mod shelf;

use std::{
    collections::HashMap,
    pin::pin,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::{Instant, sleep_until};

use crate::{
    Delivery, Depth, Disposition, Error, Limits, Outgoing, Queue, QueueName, Receipt, Settled, dead_queue,
    limits, waiters::Waiters,
};
use shelf::{Message, Shelf};

/// How long one `receive` may wait at most; keeps `now + wait` representable.
const WAIT_MAX: Duration = Duration::from_hours(24);

/// The broker in memory.
#[derive(Debug)]
pub struct Memory {
    limits: Limits,
    state: Mutex<State>,
    waiters: Waiters,
}

#[derive(Debug, Default)]
struct State {
    shelves: HashMap<QueueName, Shelf>,
    /// Numbers messages and leases alike: none is used twice.
    last_number: u64,
}

impl Default for Memory {
    fn default() -> Self {
        Self::with_lease(limits::LEASE)
    }
}

impl Memory {
    /// A broker without messages whose deliveries are leased this long.
    pub fn with_lease(lease: Duration) -> Self {
        Self {
            limits: limits::embedded(lease),
            state: Mutex::default(),
            waiters: Waiters::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        state.shelves.values_mut().for_each(|shelf| shelf.expire(now));
        state
    }

    fn due(&self, delay: Duration) -> Instant {
        Instant::now() + delay.min(self.limits.delay_max)
    }

    /// What can be handed out now, or else when to look again.
    fn claim(&self, queue: &QueueName, max: usize) -> Result<Vec<Delivery>, Option<Instant>> {
        let mut state = self.state();
        let State {
            shelves, last_number, ..
        } = &mut *state;
        let shelf = shelves.entry(queue.clone()).or_default();
        let now = Instant::now();
        let mut deliveries = Vec::new();
        while deliveries.len() < max {
            *last_number += 1;
            let Some(message) = shelf.lease(*last_number, now, now + self.limits.lease) else {
                break;
            };
            deliveries.push(Delivery {
                queue: queue.clone(),
                receipt: Receipt(format!("{queue}/{last_number}")),
                payload: message.payload.clone(),
                redelivered: message.redelivered,
                lease: self.limits.lease,
                reason: message.reason.clone(),
            });
        }
        if deliveries.is_empty() {
            Err(shelf.next_change(now))
        } else {
            Ok(deliveries)
        }
    }
}

impl State {
    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    fn leased(&mut self, receipt: &Receipt) -> Option<(QueueName, u64, &mut Shelf)> {
        let (queue, lease) = receipt.0.rsplit_once('/')?;
        let (queue, lease) = (QueueName::new(queue)?, lease.parse().ok()?);
        let shelf = self.shelves.get_mut(&queue)?;
        shelf.holds(lease).then_some((queue, lease, shelf))
    }
}

#[async_trait]
impl Queue for Memory {
    fn limits(&self) -> Limits {
        self.limits
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        self.limits
            .admit_all(messages.iter().map(|m| (&m.queue, &m.payload)))?;
        let mut state = self.state();
        for Outgoing {
            queue,
            payload,
            delay,
            coalesce,
            ..
        } in messages
        {
            let number = state.number();
            let shelf = state.shelves.entry(queue.clone()).or_default();
            shelf.add(
                number,
                self.due(delay),
                Message {
                    payload,
                    key: coalesce,
                    redelivered: false,
                    reason: None,
                },
            );
            self.waiters.ring(&queue);
        }
        Ok(())
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let max = max.min(self.limits.receive_max);
        let deadline = Instant::now() + wait.min(WAIT_MAX);
        let bell = self.waiters.bell(queue);
        loop {
            let mut rung = pin!(bell.notified());
            rung.as_mut().enable();
            let next = match self.claim(queue, max) {
                Ok(deliveries) => return Ok(deliveries),
                Err(_) if max == 0 || Instant::now() >= deadline => return Ok(Vec::new()),
                Err(next) => next.map_or(deadline, |next| next.min(deadline)),
            };
            tokio::select! {
                () = rung => {}
                () = sleep_until(next) => {}
            }
        }
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        let until = Instant::now() + self.limits.lease;
        let mut state = self.state();
        let Some((_, lease, shelf)) = state.leased(receipt) else {
            return Ok(Settled::LeaseLost);
        };
        shelf.extend(lease, until);
        Ok(Settled::Done)
    }

    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
        if let Disposition::Retry { payload, .. } | Disposition::Reject { payload, .. } = &disposition {
            self.limits.admit(&receipt.0, payload)?;
        }
        let mut state = self.state();
        let Some((queue, lease, shelf)) = state.leased(receipt) else {
            return Ok(Settled::LeaseLost);
        };
        let (id, mut message) = shelf.take(lease);
        message.redelivered = false;
        match disposition {
            Disposition::Complete => {}
            Disposition::Retry { payload, delay } => {
                shelf.put_back(id, self.due(delay), Message { payload, ..message });
            }
            Disposition::Release { delay } => shelf.put_back(id, self.due(delay), message),
            Disposition::Reject { payload, reason } => {
                let letter = Message {
                    payload,
                    key: None,
                    redelivered: false,
                    reason: Some(reason),
                };
                let dead = state.shelves.entry(dead_queue()).or_default();
                dead.put_back(id, Instant::now(), letter);
                self.waiters.ring(&dead_queue());
            }
        }
        drop(state);
        self.waiters.ring(&queue);
        Ok(Settled::Done)
    }

    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        let mut state = self.state();
        let shelf = state.shelves.entry(queue.clone()).or_default();
        Ok(shelf.depth(Instant::now()))
    }
}
