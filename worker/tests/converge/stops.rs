//! Drain and abort with work at hand, and deadlines.
use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use minilab_queue::{
    Delivery, Depth, Disposition, Error, Limits, Memory, Outgoing, Queue, QueueName, Receipt, Settled,
};
use minilab_recipe::Lane;
use minilab_worker::{
    outcome::Class,
    testing::{Fault, Moment},
};
use tokio::time::Instant;

use crate::world::{CAT, World};

/// Long beside everything but a hang.
const WHILE: Duration = Duration::from_secs(10);

/// A broker that hands out and never answers a settlement.
#[derive(Debug)]
struct Mute(Memory);

#[async_trait]
impl Queue for Mute {
    fn limits(&self) -> Limits {
        self.0.limits()
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        self.0.send(messages).await
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        self.0.receive(queue, max, wait).await
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        self.0.extend(receipt).await
    }

    async fn settle(&self, _: &Receipt, _: Disposition) -> Result<Settled, Error> {
        std::future::pending().await
    }

    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        self.0.depth(queue).await
    }
}

fn opened(world: &World) -> u32 {
    world.renderer.tally().opens.values().sum()
}

#[tokio::test(start_paused = true)]
async fn drain_takes_nothing_more_and_abort_hands_back_what_runs_unspent() {
    let mut world = World::default();
    world.slots = 3;
    let mut jobs = Vec::new();
    for n in 0..100 {
        let name = format!("{n:02}.jpg");
        world.upload(&name, CAT).await;
        world.event(&name).await;
        jobs.push(world.job(&name, Lane::Fast));
    }
    world.renderer.fail(Moment::Open, Fault::Hang, 3);
    let running = world.start();
    tokio::time::sleep(WHILE).await;
    running.drain.cancel();
    tokio::time::sleep(WHILE).await;
    assert_eq!(
        (opened(&world), world.classes().len()),
        (3, 0),
        "it goes on, alone"
    );
    let aborted = Instant::now();
    running.abort.cancel();
    running.drained().await;
    assert!(aborted.elapsed() < Duration::from_secs(1));
    assert_eq!(world.classes(), [Class::Aborted; 3]);
    let mut left = world.take_jobs("fast").await;
    left.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(left, jobs);
}

#[tokio::test(start_paused = true)]
async fn delivery_beside_a_job_that_runs_alone_is_handed_back_and_no_more_is_taken() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    let mut crashed = world.job("a.jpg", Lane::Fast);
    crashed.crashes = 1;
    world.renderer.fail(Moment::Open, Fault::Hang, 1);
    world.send("fast", &crashed).await;
    let running = world.start();
    tokio::time::sleep(WHILE).await;
    world.upload("b.jpg", CAT).await;
    world.event("b.jpg").await;
    tokio::time::sleep(WHILE).await;
    assert_eq!(world.classes(), [Class::Aborted], "it had looked for one before");
    tokio::time::sleep(WHILE).await;
    assert_eq!(world.classes().len(), 1);
    assert_eq!(world.take_jobs("fast").await, [world.job("b.jpg", Lane::Fast)]);
    running.drain.cancel();
    running.abort.cancel();
    running.drained().await;
    assert_eq!(world.take_jobs("fast").await, [crashed]);
}

#[tokio::test(start_paused = true)]
async fn abort_waits_for_no_settlement_that_hangs() {
    let world = World::with_queue(Arc::new(Mute(Memory::default())));
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    let running = world.start();
    tokio::time::sleep(WHILE).await;
    let aborted = Instant::now();
    running.abort.cancel();
    running.drained().await;
    assert!(aborted.elapsed() < WHILE, "{:?}", aborted.elapsed());
    let settlements: Vec<_> = world
        .reports
        .lock()
        .unwrap()
        .iter()
        .map(|r| r.settlement)
        .collect();
    assert_eq!(settlements, [None]);
}

/// How long a run takes that hangs at this moment of a job for this lane.
async fn hangs(moment: Moment, lane: Lane) -> Duration {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world.renderer.fail(moment, Fault::Hang, 1);
    world.send(lane.as_str(), &world.job("a.jpg", lane)).await;
    let running = world.start();
    while world.classes().is_empty() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(world.classes()[0], Class::Crash);
    running.abort.cancel();
    running.drained().await;
    world.reports.lock().unwrap()[0].took
}

#[tokio::test(start_paused = true)]
async fn run_has_its_deadline_and_more_time_for_what_it_plans() {
    let unplanned = hangs(Moment::Open, Lane::Fast).await;
    assert_eq!(unplanned.as_secs(), 90);
    let planned = hangs(Moment::Encode("thumb".into()), Lane::Fast).await;
    assert!(planned > unplanned && planned < unplanned * 2, "{planned:?}");
    // In the background, it may have to wait for the CPU for as long as a delivery is held.
    let bulk = hangs(Moment::Encode("photo".into()), Lane::Bulk).await;
    assert_eq!(bulk, Duration::from_mins(20));
}
