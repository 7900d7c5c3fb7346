//! Something that every job needs is away for a while: nobody is charged for it.
use std::{sync::Arc, time::Duration};

use minilab_protos::job::Job;
use minilab_queue::{Faulty as FaultyQueue, Memory};
use minilab_recipe::Lane;
use minilab_store::{Calls, Fault, Faulty, Operation};
use minilab_worker::{Dependency, Ready, outcome::Class};

use crate::world::{CAT, FILES, Running, World};

const OPERATIONS: [Operation; 4] = [Operation::Get, Operation::Head, Operation::Put, Operation::Delete];
const MINUTE: Duration = Duration::from_mins(1);

fn is_away(store: &Faulty, fault: Fault) {
    for operation in OPERATIONS {
        store.fail(Calls::every(operation), fault);
    }
}

/// So many originals, announced.
async fn announced(world: &World, count: usize) -> Vec<String> {
    let names: Vec<_> = (0..count).map(|n| format!("{n}.jpg")).collect();
    for name in &names {
        world.upload(name, CAT).await;
        world.event(name).await;
    }
    names
}

/// What is missing, once something is.
async fn missing(running: &mut Running) -> Vec<Dependency> {
    let ready = running.ready.wait_for(|ready| *ready != Ready::Yes);
    let ready = tokio::time::timeout(MINUTE, ready)
        .await
        .unwrap()
        .unwrap()
        .clone();
    match ready {
        Ready::Yes => Vec::new(),
        Ready::No(reasons) => reasons.iter().map(|reason| reason.dependency).collect(),
    }
}

async fn assert_nobody_was_charged(world: &World, names: &[String], what: &str) {
    for name in names {
        world.assert_current(name, CAT, FILES).await;
    }
    assert_eq!(world.dead().await, [""; 0], "{what}");
    assert_eq!(world.failures().await, [], "{what}");
    let attempts = world.reports.lock().unwrap().iter().map(|r| r.attempt).max();
    assert_eq!(attempts, Some(1), "{what}");
}

#[tokio::test(start_paused = true)]
async fn store_that_is_away_for_a_minute_costs_no_attempt() {
    type Pick = fn(&World) -> &Faulty;
    let stores: [(Dependency, Pick); 3] = [
        (Dependency::Originals, |world| &world.originals),
        (Dependency::Output, |world| &world.output),
        (Dependency::State, |world| &world.state),
    ];
    for (dependency, store) in stores {
        for fault in [Fault::Refuse, Fault::DiskFull, Fault::Deny] {
            let what = format!("{fault:?} of {dependency}");
            let world = World::default();
            let names = announced(&world, 12).await;
            // In the middle of the first two; the others wait.
            let stalls = [1, 2].map(|nth| world.output.stall(Calls::nth(Operation::Put, nth)));
            let mut running = world.start();
            for stall in &stalls {
                stall.reached().await;
            }
            is_away(store(&world), fault);
            drop(stalls);
            assert_eq!(missing(&mut running).await, [dependency], "{what}");
            tokio::time::sleep(MINUTE).await;
            assert_ne!(*running.ready.borrow(), Ready::Yes, "{what}");
            assert!(
                world.classes().len() <= 2 * world.slots,
                "{what}: {:?}",
                world.classes()
            );
            store(&world).heal();
            world.idle().await;
            running.drained().await;
            assert_nobody_was_charged(&world, &names, &what).await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn broker_that_is_away_for_a_minute_costs_no_attempt() {
    let queue = Arc::new(FaultyQueue::new(Arc::new(Memory::default()), []));
    let world = World::with_queue(Arc::clone(&queue) as _);
    let names = announced(&world, 12).await;
    let stalls = [1, 2].map(|nth| world.output.stall(Calls::nth(Operation::Put, nth)));
    let mut running = world.start();
    for stall in &stalls {
        stall.reached().await;
    }
    queue.cut();
    drop(stalls);
    assert_eq!(missing(&mut running).await, [Dependency::Broker]);
    tokio::time::sleep(MINUTE).await;
    queue.mend();
    world.idle().await;
    running.drained().await;
    assert_nobody_was_charged(&world, &names, "broker").await;
}

#[tokio::test(start_paused = true)]
async fn store_that_does_not_answer_at_all_is_away() {
    let world = World::default();
    let names = announced(&world, 3).await;
    world.originals.fail(Calls::every(Operation::Get), Fault::Refuse);
    let silent = world
        .state
        .stall(Calls::every(Operation::Put).under("minilab-canary"));
    let mut running = world.start();
    assert_eq!(missing(&mut running).await, [Dependency::State]);
    silent.release();
    world.originals.heal();
    world.idle().await;
    running.drained().await;
    assert_nobody_was_charged(&world, &names, "silence").await;
}

#[tokio::test(start_paused = true)]
async fn fifth_original_in_a_row_that_a_store_fails_at_is_not_charged_though_a_canary_gets_through() {
    let mut world = World::default();
    world.slots = 1;
    let names = announced(&world, 8).await;
    world.originals.fail(Calls::every(Operation::Get), Fault::Refuse);
    let mut running = world.start();
    assert_eq!(missing(&mut running).await, [Dependency::Originals]);
    assert_eq!(
        world.classes(),
        [
            Class::Transient,
            Class::Transient,
            Class::Transient,
            Class::Transient,
            Class::Dependency
        ]
    );
    tokio::time::sleep(MINUTE * 10).await;
    assert!(
        world.classes()[4..]
            .iter()
            .all(|class| *class == Class::Dependency),
        "one job at a time finds out: {:?}",
        world.classes()
    );
    world.originals.heal();
    world.idle().await;
    running.drained().await;
    for name in &names {
        world.assert_current(name, CAT, FILES).await;
    }
    assert_eq!(world.dead().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn originals_that_are_refused_in_a_row_stop_nobody() {
    let mut world = World::default();
    world.slots = 1;
    for n in 0..8 {
        let name = format!("locked/{n}.jpg");
        world.upload(&name, CAT).await;
        world.event(&name).await;
    }
    world
        .originals
        .fail(Calls::every(Operation::Head).under("locked/"), Fault::Deny);
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(*running.ready.borrow(), Ready::Yes);
    world.assert_current("a.jpg", CAT, FILES).await;
    running.abort.cancel();
    running.drained().await;
}

#[tokio::test(start_paused = true)]
async fn job_that_was_handed_back_is_as_it_was() {
    let world = World::default();
    is_away(&world.originals, Fault::Refuse);
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    let mut running = world.start();
    missing(&mut running).await;
    running.drained().await;
    tokio::time::sleep(MINUTE).await;
    let jobs: Vec<Job> = world.take_jobs("fast").await;
    assert_eq!(jobs, [world.job("a.jpg", Lane::Fast)]);
}
