//! What users do, and what the bucket says of it: some events come twice, late, in another order, or never.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    dice::Dice,
    events,
    ledger::Upload,
    pictures::{PICTURES, Pictures},
    world::{Dispatcher, TOKEN, World},
};

/// The latest event. Events of one key overtake each other within it.
const LATE_MAX: Duration = Duration::from_secs(4);
/// A producer keeps an event that nobody takes for so long, and then forgets it.
const KEPT_FOR: Duration = Duration::from_secs(10);
const ANSWER_MAX: Duration = Duration::from_secs(5);
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// What was done.
#[derive(Debug, Default)]
pub struct Done {
    pub created: AtomicU64,
    pub overwritten: AtomicU64,
    pub deleted: AtomicU64,
    /// Events that were sent once more.
    pub duplicated: AtomicU64,
    /// Events that were sent late.
    pub delayed: AtomicU64,
    /// Events that were never sent, or that nobody took.
    pub dropped: AtomicU64,
    pub by_broker: AtomicU64,
    pub by_webhook: AtomicU64,
}

/// Does things to originals.
pub struct Users {
    pub world: Arc<World>,
    pub pictures: Arc<Pictures>,
    pub dispatchers: Vec<Dispatcher>,
    pub dice: Arc<Dice>,
    pub done: Arc<Done>,
    pub keys: u64,
}

impl Users {
    /// Does so many things at least, and more while it is too early to end; returns when the last event has been sent or
    /// forgotten.
    pub async fn run(self, operations: u64, pause: Duration, may_end: CancellationToken) {
        let users = Arc::new(self);
        let mut events = JoinSet::new();
        for number in 1.. {
            if number > operations && may_end.is_cancelled() {
                break;
            }
            let due = Instant::now() + pause;
            for (event, late) in users.act(number).await {
                let users = Arc::clone(&users);
                events.spawn(async move {
                    tokio::time::sleep(late).await;
                    users.say(&event).await;
                });
            }
            tokio::time::sleep_until(due).await;
        }
        while let Some(said) = events.join_next().await {
            said.unwrap();
        }
    }

    /// One thing; the events that follow, and when.
    async fn act(&self, number: u64) -> Vec<(Vec<u8>, Duration)> {
        let key = self.key();
        let is_there = self.world.ledger.now().get(&key).is_some_and(Option::is_some);
        let event = if is_there && self.dice.one_in(4) {
            self.done.deleted.fetch_add(1, Relaxed);
            self.world.delete(&key).await
        } else {
            let counter = if is_there {
                &self.done.overwritten
            } else {
                &self.done.created
            };
            counter.fetch_add(1, Relaxed);
            let picture = self.dice.roll(PICTURES as u64) as usize;
            self.world
                .upload(&self.pictures, &key, Upload { number, picture })
                .await
        };
        self.fate(event)
    }

    /// Names that producers encode, and folders.
    fn key(&self) -> String {
        let number = self.dice.roll(self.keys);
        match number % 7 {
            0 => format!("a folder/picture + {number}.jpg"),
            1 => format!("ü/{number}%20.jpg"),
            _ => format!("{number}.jpg"),
        }
    }

    fn fate(&self, event: Vec<u8>) -> Vec<(Vec<u8>, Duration)> {
        match self.dice.roll(10) {
            0 => {
                self.done.dropped.fetch_add(1, Relaxed);
                Vec::new()
            }
            1 | 2 => {
                self.done.duplicated.fetch_add(1, Relaxed);
                vec![
                    (event.clone(), Duration::ZERO),
                    (event.clone(), self.dice.up_to(LATE_MAX)),
                    (event, self.dice.up_to(LATE_MAX)),
                ]
            }
            3..=5 => {
                self.done.delayed.fetch_add(1, Relaxed);
                vec![(event, self.dice.up_to(LATE_MAX))]
            }
            _ => vec![(event, Duration::ZERO)],
        }
    }

    /// Tries until somebody has taken the event, for as long as producers do.
    async fn say(&self, event: &[u8]) {
        let forgotten = Instant::now() + KEPT_FOR;
        let by_webhook = self.dice.one_in(2);
        while Instant::now() < forgotten {
            let saying = async {
                if by_webhook {
                    let dispatcher = self.dice.pick(&self.dispatchers);
                    events::post(dispatcher.webhook, TOKEN, event).await
                } else {
                    self.publish(event).await
                }
            };
            // A broker that is killed while it shakes hands says nothing more.
            if matches!(timeout(ANSWER_MAX, saying).await, Ok(Ok(()))) {
                let counter = if by_webhook {
                    &self.done.by_webhook
                } else {
                    &self.done.by_broker
                };
                counter.fetch_add(1, Relaxed);
                return;
            }
            tokio::time::sleep(AGAIN_AFTER).await;
        }
        self.done.dropped.fetch_add(1, Relaxed);
    }

    async fn publish(&self, event: &[u8]) -> anyhow::Result<()> {
        self.world.broker.producer().await?.publish(event).await
    }
}
