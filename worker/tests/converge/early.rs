//! A broker that keeps delays for a quarter of an hour only, as SQS does, delivers early what has to wait for longer.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use minilab_protos::job::Job;
use minilab_queue::{
    Clock as _, Delivery, Depth, Disposition, Error, Limits, Memory, Outgoing, Queue, QueueName, Receipt,
    Settled,
};
use minilab_recipe::Lane;
use minilab_worker::outcome::Class;
use tokio::time::Instant;

use crate::world::{CAT, FILES, World};

const KEPT: Duration = Duration::from_mins(15);
const HOUR: Duration = Duration::from_hours(1);

#[derive(Debug, Default)]
struct Forgetful {
    memory: Memory,
    released: AtomicU32,
}

#[async_trait]
impl Queue for Forgetful {
    fn limits(&self) -> Limits {
        Limits {
            delay_max: KEPT,
            ..self.memory.limits()
        }
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        let cut = messages.into_iter().map(|message| Outgoing {
            delay: message.delay.min(KEPT),
            ..message
        });
        self.memory.send(cut.collect()).await
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        self.memory.receive(queue, max, wait).await
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        self.memory.extend(receipt).await
    }

    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
        let cut = match disposition {
            Disposition::Release { delay } => {
                self.released.fetch_add(1, Ordering::Relaxed);
                Disposition::Release {
                    delay: delay.min(KEPT),
                }
            }
            Disposition::Retry { payload, delay } => Disposition::Retry {
                payload,
                delay: delay.min(KEPT),
            },
            other => other,
        };
        self.memory.settle(receipt, cut).await
    }

    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        self.memory.depth(queue).await
    }
}

async fn sent(world: &World, due: Duration) {
    world.upload("a.jpg", CAT).await;
    let due = world.clock.now() + due;
    let job = Job {
        not_before_ms: due.duration_since(UNIX_EPOCH).unwrap().as_millis() as u64,
        ..world.job("a.jpg", Lane::Fast)
    };
    world.send("fast", &job).await;
}

#[tokio::test(start_paused = true)]
async fn retry_that_comes_before_its_time_waits_on_unspent() {
    let queue = Arc::new(Forgetful::default());
    let world = World::with_queue(Arc::clone(&queue) as Arc<dyn Queue>);
    let started = Instant::now();
    sent(&world, HOUR).await;
    world.settle().await;
    assert!(
        started.elapsed() + Duration::from_secs(5) >= HOUR,
        "{:?}",
        started.elapsed()
    );
    assert_eq!(queue.released.load(Ordering::Relaxed), 4);
    assert!(world.classes().iter().all(|class| *class == Class::Complete));
    world.assert_current("a.jpg", CAT, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn retry_waits_by_no_clock_that_is_wrong_by_days() {
    let queue = Arc::new(Forgetful::default());
    let world = World::with_queue(Arc::clone(&queue) as Arc<dyn Queue>);
    sent(&world, Duration::from_hours(48)).await;
    world.settle().await;
    assert_eq!(queue.released.load(Ordering::Relaxed), 0);
    world.assert_current("a.jpg", CAT, FILES).await;
}
