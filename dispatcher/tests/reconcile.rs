//! What reconcile finds, and what it must not do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
mod world;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use minilab_dispatcher::{Brake, Change, Config, Dispatcher, Ended, Hint, ReconcileConfig};
use minilab_protos::job::Via;
use minilab_recipe::Lane;
use minilab_store::{Calls, Fault, Faulty, Memory, Operation, PutOptions, Store as _};
use minilab_telemetry::{Finding, PassMode, Producer};
use tokio_util::sync::CancellationToken;

use world::{RULES, World, key, record};

#[tokio::test]
async fn a_missing_original_gets_one_job_for_its_first_lane() {
    let world = World::new();
    world.upload("a.jpg").await;
    let report = world.reconcile(PassMode::Full, Brake::default()).await;
    assert_eq!(
        (report.ended, report.seen, report.enqueued),
        (Ended::Complete, 1, 1)
    );
    let jobs = world.take(Lane::Fast).await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(
        (jobs[0].key.as_str(), jobs[0].lane.as_str(), jobs[0].min_rev),
        ("a.jpg", "fast", 7)
    );
    assert_eq!(jobs[0].hint.as_ref().unwrap().size_bytes, 5);
    assert!(world.take(Lane::Standard).await.is_empty());
}

#[tokio::test]
async fn a_second_pass_over_what_waits_makes_no_second_job() {
    let world = World::new();
    world.upload("a.jpg").await;
    world.reconcile(PassMode::Full, Brake::default()).await;
    world.reconcile(PassMode::Full, Brake::default()).await;
    assert_eq!(world.keys().await, ["a.jpg"]);
}

#[tokio::test]
async fn a_finished_world_needs_nothing() {
    let world = World::new();
    for name in ["a.jpg", "b.jpg", "none/c.jpg"] {
        world.upload(name).await;
    }
    world.finish("a.jpg").await;
    world.finish("b.jpg").await;
    world.swap(&record("long-gone.jpg")).await;
    let report = world.reconcile(PassMode::Full, Brake::default()).await;
    assert_eq!(
        (report.seen, report.count(Finding::Current), report.enqueued),
        (4, 4, 0)
    );
}

#[tokio::test]
async fn a_deletion_and_an_overwrite_made_while_nobody_watched_are_seen() {
    let world = World::new();
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        world.upload(name).await;
        world.finish(name).await;
    }
    world.originals.delete(&key("a.jpg")).await.unwrap();
    world
        .originals
        .put(&key("b.jpg"), Bytes::from_static(b"other"), PutOptions::default())
        .await
        .unwrap();
    let report = world.reconcile(PassMode::Incremental, Brake::default()).await;
    assert_eq!(
        (report.count(Finding::Gone), report.count(Finding::Changed)),
        (1, 1)
    );
    assert_eq!(world.keys().await, ["a.jpg", "b.jpg"]);
}

#[tokio::test]
async fn a_changed_recipe_and_a_rule_that_no_longer_takes_a_key_are_seen() {
    let world = World::new();
    for name in ["a.jpg", "private/b.jpg"] {
        world.upload(name).await;
        world.finish(name).await;
    }
    let world = world.with_rules(
        &RULES
            .replace("none/", "private/")
            .replace("width: 1280", "width: 1920"),
    );
    let report = world.reconcile(PassMode::Full, Brake::default()).await;
    assert_eq!(
        (report.count(Finding::Stale), report.count(Finding::Unmatched)),
        (1, 1)
    );
    assert_eq!(world.keys().await, ["a.jpg", "private/b.jpg"]);
}

#[tokio::test]
async fn the_brake_stops_a_mass_deletion_and_lets_creations_through() {
    let world = World::new();
    world.upload("new.jpg").await;
    let originals = Memory::new();
    for number in 0..1001 {
        let name = format!("{number:04}.jpg");
        originals
            .put(&key(&name), Bytes::new(), PutOptions::default())
            .await
            .unwrap();
    }
    let full = World {
        originals: Arc::new(originals),
        ..World::new()
    };
    for number in 0..1001 {
        full.finish(&format!("{number:04}.jpg")).await;
    }
    let emptied = World {
        state: full.state,
        ..world
    };
    let report = emptied
        .reconcile(PassMode::Full, Brake::default().allowing_creations())
        .await;
    assert_eq!(
        (report.ended, report.count(Finding::Gone), report.enqueued),
        (Ended::Braked, 1001, 1)
    );
    assert_eq!(emptied.keys().await, ["new.jpg"]);
    let report = emptied
        .reconcile(PassMode::Full, Brake::default().allowing_all())
        .await;
    assert_eq!((report.ended, report.enqueued), (Ended::Complete, 1002));
}

#[tokio::test]
async fn a_listing_that_fails_deletes_nothing() {
    let world = World::new();
    world.upload("a.jpg").await;
    world.finish("a.jpg").await;
    let faulty = Faulty::new(Arc::clone(&world.originals));
    faulty.fail(Calls::every(Operation::List), Fault::Refuse);
    let world = World {
        originals: Arc::new(faulty),
        ..world
    };
    let (config, drain) = (ReconcileConfig::default(), CancellationToken::new());
    let brake = Brake::default().allowing_all();
    let error = world
        .reconcile_as(config, PassMode::Full, brake, &drain)
        .await
        .unwrap_err();
    assert!(error.is_transient(), "{error}");
    assert!(world.keys().await.is_empty());
}

#[tokio::test]
async fn odd_names_travel_unchanged_and_passing_ones_are_left_alone() {
    let world = World::new();
    let odd = ["a\nb.jpg", "a#b?c=d.jpg", "x/100%+ü 日本.jpg"];
    for name in odd.into_iter().chain([".hidden.jpg", "half.jpg.part"]) {
        world.upload(name).await;
    }
    world.reconcile(PassMode::Full, Brake::default()).await;
    assert_eq!(world.keys().await, odd);
}

#[tokio::test]
async fn keys_without_a_rule_get_a_job_only_if_a_record_may_exist_and_long_ones_are_refused() {
    let world = World::new();
    let long = "x".repeat(901);
    let hints = [
        Hint::new(key("none/new.jpg"), Change::Uploaded, Producer::Watch),
        Hint::new(key("none/gone.jpg"), Change::Removed, Producer::Watch),
        Hint::new(key(&long), Change::Uploaded, Producer::Watch),
    ];
    let sum = world.jobs.enqueue(&hints, Via::Live).await.unwrap();
    assert_eq!((sum.jobs, sum.unmatched, sum.refused), (1, 1, 1));
    assert_eq!(world.keys().await, ["none/gone.jpg"]);
    assert!(
        world
            .metrics
            .render()
            .contains("minilab_keys_refused_total{reason=\"too_long\"} 1")
    );
}

#[tokio::test]
async fn an_original_that_may_be_half_written_is_told_of_and_not_enqueued() {
    let world = World::new();
    world.upload("a.jpg").await;
    let config = ReconcileConfig {
        quiet: Duration::from_hours(1),
        ..ReconcileConfig::default()
    };
    let drain = CancellationToken::new();
    let pass = world.reconcile_as(config, PassMode::Full, Brake::default(), &drain);
    let report = pass.await.unwrap();
    assert_eq!((report.unsettled, report.enqueued), (vec![key("a.jpg")], 0));
}

#[tokio::test(start_paused = true)]
async fn a_batch_waits_while_the_queues_are_full() {
    let world = World::new();
    world.upload("a.jpg").await;
    let waiting = [Hint::new(key("waits.jpg"), Change::Uploaded, Producer::Watch)];
    world.jobs.enqueue(&waiting, Via::Live).await.unwrap();
    let (config, drain) = (
        ReconcileConfig {
            queued_max: 0,
            ..ReconcileConfig::default()
        },
        CancellationToken::new(),
    );
    let pass = world.reconcile_as(config.clone(), PassMode::Full, Brake::default(), &drain);
    let stop = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        drain.cancel();
    };
    let (report, ()) = tokio::join!(pass, stop);
    assert_eq!(report.unwrap().ended, Ended::Stopped);
    assert_eq!(world.keys().await, ["waits.jpg"]);
    let drain = CancellationToken::new();
    let pass = world.reconcile_as(config, PassMode::Full, Brake::default(), &drain);
    assert_eq!(pass.await.unwrap().enqueued, 1);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_us_after_the_first_pass_is_waited_for() {
    let originals = Faulty::new(Arc::new(Memory::new()));
    let world = World::over(Arc::new(originals.clone()));
    let config = Config {
        reconcile_every: Duration::from_mins(1),
        ..Config::default()
    };
    let (jobs, metrics) = (Arc::clone(&world.jobs), Arc::clone(&world.metrics));
    let dispatcher = Dispatcher::new(config, world.stores(), jobs, metrics);
    let mut progress = dispatcher.progress();
    let drain = CancellationToken::new();
    let running = tokio::spawn(dispatcher.run(drain.clone(), CancellationToken::new()));
    progress.wait_for(|progress| progress.caught_up).await.unwrap();
    originals.fail(Calls::nth(Operation::List, 1), Fault::Deny);
    world.upload("a.jpg").await;
    progress
        .wait_for(|progress| progress.enqueued == 1)
        .await
        .unwrap();
    drain.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_overwrite_behind_a_younger_record_is_found_by_the_next_full_pass() {
    let world = World::new();
    world.upload("a.jpg").await;
    world.finish("a.jpg").await;
    let config = Config {
        reconcile_every: Duration::from_hours(1),
        reconcile_full_every: Duration::from_hours(24),
        ..Config::default()
    };
    let (jobs, metrics) = (Arc::clone(&world.jobs), Arc::clone(&world.metrics));
    let dispatcher = Dispatcher::new(config, world.stores(), jobs, metrics);
    let mut progress = dispatcher.progress();
    let drain = CancellationToken::new();
    let running = tokio::spawn(dispatcher.run(drain.clone(), CancellationToken::new()));
    progress.wait_for(|progress| progress.caught_up).await.unwrap();
    // Its event is lost, and the sweep swaps the record.
    let other = Bytes::from_static(b"other");
    world
        .originals
        .put(&key("a.jpg"), other, PutOptions::default())
        .await
        .unwrap();
    let mut record = world.records().load("a.jpg").await.unwrap().record.unwrap();
    record.generation += 1;
    world.swap(&record).await;
    let found = progress.wait_for(|progress| progress.enqueued == 1);
    let within = Duration::from_hours(26);
    tokio::time::timeout(within, found).await.unwrap().unwrap();
    drain.cancel();
    running.await.unwrap().unwrap();
}
