//! Some versions of the broker strand messages in wait queues: their time is over, and they stay. Here they are noticed, and
//! taken out.
//!
//! Every process watches; each message is given to one of them only. Out of reach is what the broker has begun to pass on and
//! cannot, because a binding is missing: it neither counts it nor gives it out.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures::future::join_all;
use lapin::{options::BasicGetOptions, types::ShortString};
use tokio::time::{Instant, interval};

use super::{Core, Names, channels::Taken, failure::unavailable, message};
use crate::{Error, dead_queue};

/// How often a wait queue is looked at: once in its own time, within these.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// Whatever lies in a wait queue for so many times its time, is stranded.
const PATIENCE: u32 = 2;

/// Looks after the wait queues, for as long as it is run.
pub(super) async fn watch(core: Arc<Core>) {
    let waits = core.names.waits().iter().zip(&core.waiting);
    join_all(waits.map(|(wait, count)| watch_one(&core, *wait, count))).await;
}

async fn watch_one(core: &Core, wait: Duration, count: &AtomicU64) {
    let queue = core.names.wait_queue(wait);
    let mut looks = interval(wait.clamp(LOOK_EVERY.0, LOOK_EVERY.1));
    let mut standstill = Standstill::new(wait * PATIENCE);
    loop {
        looks.tick().await;
        // Who sends or receives is told that there is no connection, or no such queue.
        let Ok(messages) = core.channels.ready("watch", &queue).await else {
            standstill.forget();
            continue;
        };
        count.store(messages.into(), Ordering::Relaxed);
        if !standstill.lasts(messages, Instant::now()) {
            continue;
        }
        standstill.forget();
        core.rescue(&queue, wait, messages).await;
    }
}

impl Core {
    async fn rescue(&self, queue: &ShortString, wait: Duration, messages: u32) {
        let mut rescued = 0;
        while rescued < messages {
            match self.rescue_one(queue, wait).await {
                Ok(true) => rescued += 1,
                Ok(false) => break,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(%queue, error, "what is stranded in a wait queue could not be taken out");
                    break;
                }
            }
        }
        if rescued > 0 {
            self.rescued.fetch_add(rescued.into(), Ordering::Relaxed);
            tracing::error!(
                %queue,
                rescued,
                "the broker had stranded messages in a wait queue, they were taken out: look into the broker's log"
            );
        }
    }

    /// Takes out a message that has been there for too long, and puts it where it is waited for. A queue that gets as much as
    /// it gives seems to stand still too, so that the message has to be old enough itself.
    async fn rescue_one(&self, queue: &ShortString, wait: Duration) -> Result<bool, Error> {
        let channel = self.channels.take("rescue").await?;
        let got = channel.basic_get(queue.clone(), BasicGetOptions { no_ack: false });
        let got = got.await.map_err(|error| unavailable(queue, "rescue", error))?;
        let Some(got) = got else {
            self.channels.put_back(channel);
            return Ok(false);
        };
        let stranded = message::age(&got.properties).is_none_or(|age| age >= wait * PATIENCE);
        let awaited = Names::awaited(&got.routing_key).unwrap_or_else(dead_queue);
        let taken = Taken::new(&awaited, got.delivery, channel);
        if !stranded {
            taken.give_back(&self.channels).await;
            return Ok(false);
        }
        let copy = self.parcel(&taken, Duration::ZERO)?;
        self.publisher.publish("rescue", vec![copy]).await?;
        taken.acknowledge(&self.channels).await;
        Ok(true)
    }
}

/// Whether a queue has been standing still: not empty, and at no look with fewer messages than at the look before.
#[derive(Debug)]
struct Standstill {
    patience: Duration,
    /// How many there were at the last look, and since when no fewer.
    last: Option<(u32, Instant)>,
}

impl Standstill {
    fn new(patience: Duration) -> Self {
        Self { patience, last: None }
    }

    /// Has it lasted for too long, with what a look finds now?
    fn lasts(&mut self, messages: u32, now: Instant) -> bool {
        let since = match self.last {
            Some((before, since)) if messages >= before => since,
            _ => now,
        };
        self.last = (messages > 0).then_some((messages, since));
        messages > 0 && now - since >= self.patience
    }

    fn forget(&mut self) {
        self.last = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// At which of the looks, one a second, a queue has stood still for 4 s; after which it is forgotten.
    fn standstills(looks: &[u32]) -> Vec<usize> {
        let (mut standstill, start) = (Standstill::new(Duration::from_secs(4)), Instant::now());
        let lasts = |(second, messages): (usize, &u32)| {
            let lasts = standstill.lasts(*messages, start + Duration::from_secs(second as u64));
            if lasts {
                standstill.forget();
            }
            lasts.then_some(second)
        };
        looks.iter().enumerate().filter_map(lasts).collect()
    }

    #[test]
    fn messages_that_stay_are_noticed_when_patience_ends_and_again() {
        assert_eq!(standstills(&[1; 5]), [4]);
        assert_eq!(standstills(&[0, 0, 3, 3, 3, 3, 3]), [6]);
        assert_eq!(standstills(&[1; 10]), [4, 9]);
    }

    #[test]
    fn messages_that_come_and_stay_are_noticed() {
        assert_eq!(standstills(&[1, 2, 2, 7, 9]), [4]);
    }

    #[test]
    fn a_queue_that_something_leaves_does_not_stand_still() {
        assert!(standstills(&[9, 8, 7, 6, 5, 4, 3, 2, 1]).is_empty());
        assert!(standstills(&[3, 3, 3, 2, 2, 2, 2]).is_empty());
        assert!(standstills(&[1, 1, 1, 0, 1, 1, 1, 1]).is_empty());
        assert!(standstills(&[0; 20]).is_empty());
    }

    #[test]
    fn what_was_forgotten_does_not_count() {
        let (mut standstill, start) = (Standstill::new(Duration::from_secs(4)), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(!standstill.lasts(1, at(0)));
        standstill.forget();
        assert!(!standstill.lasts(1, at(4)));
        assert!(standstill.lasts(1, at(8)));
    }
}
