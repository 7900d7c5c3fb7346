//! Leases, redeliveries, drain and abort.
use std::{sync::Arc, time::Duration};

use minilab_protos::job::Job;
use minilab_queue::{
    Disposition, Fault as QueueFault, Faulty as FaultyQueue, Memory, Moment as QueueMoment, QueueName,
};
use minilab_recipe::Lane;
use minilab_record::{Loaded, Record, Records, Swap};
use minilab_store::{Calls, Fault as StoreFault, Operation};
use minilab_worker::{
    outcome::Class,
    testing::{Fault, Moment},
};

use crate::world::{CAT, FILES, World};

fn fast() -> QueueName {
    QueueName::new("fast").unwrap()
}

/// The one job that waits, taken out of the queue.
async fn waiting(world: &World) -> Job {
    let mut deliveries = world
        .queue
        .receive(&fast(), 1, Duration::from_mins(1))
        .await
        .unwrap();
    let delivery = deliveries.pop().expect("a job waits");
    assert!(!delivery.redelivered, "it was settled");
    world
        .queue
        .settle(&delivery.receipt, Disposition::Complete)
        .await
        .unwrap();
    serde_json::from_slice(&delivery.payload).unwrap()
}

#[tokio::test(start_paused = true)]
async fn unanswered_swap_ends_in_a_fence() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    // The third lane's: the retry finds everything done.
    world.state.fail(
        Calls::nth(Operation::Put, 3).under("records/"),
        StoreFault::LoseAnswer,
    );
    world.event("a.jpg").await;
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.classes(), [Class::Transient, Class::Noop]);
    let record = world.record("a.jpg").await.unwrap();
    assert_eq!(record.generation, 4);
    assert!(world.reports.lock().unwrap()[1].work.fenced);
}

#[tokio::test(start_paused = true)]
async fn every_copy_of_a_job_with_an_unanswered_swap_says_so() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world.state.fail(
        Calls::nth(Operation::Put, 1).under("records/"),
        StoreFault::LoseAnswer,
    );
    world.event("a.jpg").await;
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.drained().await;
    let job = waiting(&world).await;
    assert_eq!((job.ambiguous, job.attempt), (true, 1));
    assert_eq!(job.last_error.unwrap().code, "record_ambiguous");
}

#[tokio::test(start_paused = true)]
async fn abort_during_a_swap_hands_the_job_back_as_ambiguous_and_uncounted() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    let stall = world.state.stall(Calls::nth(Operation::Put, 1).under("records/"));
    world.event("a.jpg").await;
    let running = world.start();
    stall.reached().await;
    running.abort.cancel();
    running.drained().await;
    let job = waiting(&world).await;
    assert_eq!((job.ambiguous, job.attempt, job.crashes), (true, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn abort_during_a_render_hands_the_job_back_as_it_was() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world.renderer.fail(Moment::Open, Fault::Hang, 1);
    world.event("a.jpg").await;
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.abort.cancel();
    running.drained().await;
    assert_eq!(world.classes(), [Class::Aborted]);
    assert_eq!(waiting(&world).await, world.job("a.jpg", Lane::Fast));
}

#[tokio::test(start_paused = true)]
async fn projections_that_were_not_finished_are_written_by_the_next_run() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    let stall = world
        .output
        .stall(Calls::nth(Operation::Put, 1).under("a.jpg/manifest.json"));
    world.event("a.jpg").await;
    let running = world.start();
    stall.reached().await;
    running.abort.cancel();
    running.drained().await;
    drop(stall);
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn drain_finishes_what_was_taken_and_takes_no_more() {
    let mut world = World::default();
    world.slots = 1;
    world.upload("a.jpg", CAT).await;
    world.upload("b.jpg", CAT).await;
    let stall = world.originals.stall(Calls::nth(Operation::Get, 1));
    world.event("a.jpg").await;
    let running = world.start();
    stall.reached().await;
    world.event("b.jpg").await;
    running.drain.cancel();
    stall.release();
    running.drained().await;
    // A job of the fast lane waits, so the other lanes of the first were handed on.
    assert_eq!(world.record("a.jpg").await.unwrap().generation, 1);
    assert!(world.record("b.jpg").await.is_none());
    assert_eq!(world.jobs_left().await, 2);
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    world.assert_current("b.jpg", CAT, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn lost_lease_aborts_the_attempt_and_somebody_else_finishes() {
    let queue = FaultyQueue::new(Arc::new(Memory::default()), [QueueFault::Lease { nth: 1 }]);
    let world = World::with_queue(Arc::new(queue));
    world.upload("a.jpg", CAT).await;
    world.renderer.fail(Moment::Open, Fault::Hang, 1);
    world.event("a.jpg").await;
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(
        world.classes(),
        [Class::LeaseLost, Class::Unsettled, Class::Complete]
    );
    assert!(world.reports.lock().unwrap()[0].settlement.is_none());
}

#[tokio::test(start_paused = true)]
async fn job_that_hangs_is_a_crash_at_its_deadline() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world.renderer.fail(Moment::Open, Fault::Hang, 1);
    world.event("a.jpg").await;
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.classes(), [Class::Crash, Class::Complete]);
}

#[tokio::test(start_paused = true)]
async fn lost_settlement_comes_again_and_makes_nothing_twice() {
    for moment in [QueueMoment::BeforeEffect, QueueMoment::AfterEffect] {
        let queue = FaultyQueue::new(
            Arc::new(Memory::default()),
            [QueueFault::Settle { nth: 1, moment }],
        );
        let world = World::with_queue(Arc::new(queue));
        world.uploaded("a.jpg", CAT).await;
        world.assert_current("a.jpg", CAT, FILES).await;
        assert_eq!(world.made(), FILES as u32);
    }
}

#[tokio::test(start_paused = true)]
async fn job_that_nobody_settles_is_poison_at_the_fourth_delivery() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    world.renderer.fail(Moment::Open, Fault::Hang, 10);
    let mut deliveries = 0;
    while world.dead().await.is_empty() {
        deliveries += 1;
        // A worker that dies with it.
        let taken = world
            .queue
            .receive(&fast(), 1, Duration::from_mins(1))
            .await
            .unwrap();
        if taken.is_empty() {
            break;
        }
        tokio::time::sleep(minilab_queue::LEASE * 2).await;
        // Another one counts it, and dies before it comes back.
        let running = world.start();
        let delivered = world.classes().len();
        while world.classes().len() == delivered {
            tokio::task::yield_now().await;
        }
        running.abort.cancel();
        running.drained().await;
    }
    assert_eq!(deliveries, 4);
    assert!(world.dead().await[0].starts_with("poison: "));
}

#[tokio::test(start_paused = true)]
async fn unconfirmed_hand_on_is_done_again() {
    for moment in [QueueMoment::BeforeEffect, QueueMoment::AfterEffect] {
        // The third send; the first two are the events.
        let queue = FaultyQueue::new(Arc::new(Memory::default()), [QueueFault::Send { nth: 3, moment }]);
        let mut world = World::with_queue(Arc::new(queue));
        world.slots = 1;
        for name in ["a.jpg", "b.jpg"] {
            world.upload(name, CAT).await;
            world.event(name).await;
        }
        world.settle().await;
        assert_eq!(world.classes()[0], Class::Transient);
        for name in ["a.jpg", "b.jpg"] {
            world.assert_current(name, CAT, FILES).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn panic_is_poison_at_once_and_the_worker_lives_on() {
    let mut world = World::default();
    world.renderer_panics_on = Some(13);
    world.uploaded("a.jpg", "4000x3000 boo").await;
    assert!(
        world.dead().await[0].starts_with("poison: the attempt panicked: "),
        "{:?}",
        world.dead().await
    );
    let failure = &world.failures().await[0];
    assert_eq!(
        (failure.class.as_str(), failure.code.as_str()),
        ("poison", "panic")
    );
    world.uploaded("b.jpg", CAT).await;
    world.assert_current("b.jpg", CAT, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn first_record_that_is_still_under_way_loses_against_the_fence_of_an_absent_original() {
    let world = World::default();
    world.uploaded("a.jpg", CAT).await;
    let stray = Record {
        key: "b.jpg".into(),
        ..world.record("a.jpg").await.unwrap()
    };
    let mut job = world.job("b.jpg", Lane::Fast);
    job.ambiguous = true;
    world.send("fast", &job).await;
    world.settle().await;
    let records = Records::new(Arc::new(world.shelves.state.clone()));
    assert_eq!(
        records.swap(&Loaded::default(), &stray).await.unwrap(),
        Swap::Lost
    );
    assert!(world.record("b.jpg").await.unwrap().observation.is_none());
}

#[tokio::test(start_paused = true)]
async fn files_of_an_upload_that_went_before_its_first_record_have_a_tombstone_to_be_swept_by() {
    let world = World::default();
    world.state.fail(
        Calls::every(Operation::Put).under("records/"),
        StoreFault::DiskFull,
    );
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    let running = world.start();
    while world.classes().is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(world.record("a.jpg").await, None);
    assert!(!world.stored().await.is_empty());
    world.delete("a.jpg").await;
    world.state.heal();
    world.idle().await;
    running.drained().await;
    let record = world
        .record("a.jpg")
        .await
        .expect("nothing else leads to the files");
    assert!(record.observation.is_none());
}
