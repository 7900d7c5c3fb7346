//! What sweep deletes, when, and what never.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
mod world;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use minilab_dispatcher::{Sweep, SweepConfig, SweepReport};
use minilab_recipe::Lane;
use minilab_store::{Calls, Fault, Faulty, Operation, PutOptions};
use tokio_util::sync::CancellationToken;

use world::{World, file, key, previous, record};

const DAY: Duration = Duration::from_hours(24);
const OLD: &str = "a.jpg/photo-320w.g1-0123456789.webp";
const LIVE: &str = "a.jpg/photo-320w.g2-0123456789.webp";

fn now() -> Timestamp {
    Timestamp::now()
}

async fn put(world: &World, name: &str) {
    world
        .outputs
        .put(&key(name), Bytes::new(), PutOptions::default())
        .await
        .unwrap();
}

async fn is_there(world: &World, name: &str) -> bool {
    world.outputs.head(&key(name)).await.is_ok()
}

fn sweep_of(world: &World) -> Sweep {
    let config = SweepConfig { retain: 30 * DAY };
    Sweep::new(
        world.records(),
        Arc::clone(&world.outputs),
        Arc::clone(&world.metrics),
        config,
    )
}

async fn sweep(world: &World, at: Timestamp) -> SweepReport {
    let sweep = sweep_of(world);
    sweep.run_once(at, &CancellationToken::new()).await.unwrap()
}

async fn sweep_fully(world: &World, at: Timestamp) -> SweepReport {
    let sweep = sweep_of(world);
    sweep.run_full(at, &CancellationToken::new()).await.unwrap()
}

/// A finished original with one file in its time of grace since `since`.
async fn replaced(since: Timestamp) -> World {
    let world = World::new();
    world.upload("a.jpg").await;
    world.finish("a.jpg").await;
    let mut record = world.records().load("a.jpg").await.unwrap().record.unwrap();
    record.previous = vec![previous(OLD, since)];
    world.swap(&record).await;
    put(&world, OLD).await;
    put(&world, LIVE).await;
    world
}

#[tokio::test]
async fn a_dropped_file_goes_after_its_time_of_grace_and_not_before() {
    let since = now();
    let world = replaced(since).await;
    assert_eq!(sweep(&world, since + 29 * DAY).await.deleted, 0);
    assert!(is_there(&world, OLD).await);
    assert_eq!(sweep(&world, since + 31 * DAY).await.deleted, 1);
    assert!(!is_there(&world, OLD).await && is_there(&world, LIVE).await);
    assert!(
        world
            .records()
            .load("a.jpg")
            .await
            .unwrap()
            .record
            .unwrap()
            .previous
            .is_empty()
    );
}

#[tokio::test]
async fn a_file_that_is_wanted_or_no_file_at_all_is_never_deleted() {
    let since = now();
    let world = replaced(since).await;
    let mut record = world.records().load("a.jpg").await.unwrap().record.unwrap();
    let others = [
        LIVE,
        "a.jpg/y.jpg",
        "b.jpg/photo-320w.g1-0123456789.webp",
        "a.jpg/manifest.json",
    ];
    record.previous = others.into_iter().map(|key| previous(key, since)).collect();
    world.swap(&record).await;
    for other in others {
        put(&world, other).await;
    }
    assert_eq!(sweep(&world, since + 31 * DAY).await.deleted, 0);
    for other in others {
        assert!(is_there(&world, other).await, "{other}");
    }
}

#[tokio::test]
async fn a_record_that_moved_on_keeps_its_files() {
    let since = now();
    let world = replaced(since).await;
    let state = Faulty::new(Arc::clone(&world.state));
    let stall = state.stall(Calls::every(Operation::Put));
    let swept = World {
        state: Arc::new(state),
        outputs: Arc::clone(&world.outputs),
        ..World::new()
    };
    let overtake = async {
        stall.reached().await;
        let mut record = world.records().load("a.jpg").await.unwrap().record.unwrap();
        record.generation += 1;
        world.swap(&record).await;
        stall.release();
    };
    let (report, ()) = tokio::join!(sweep(&swept, since + 31 * DAY), overtake);
    assert_eq!((report.deleted, report.moved_on), (0, 1));
    assert!(is_there(&world, OLD).await);
}

#[tokio::test]
async fn a_swap_without_an_answer_deletes_nothing() {
    let since = now();
    let world = replaced(since).await;
    let state = Faulty::new(Arc::clone(&world.state));
    state.fail(Calls::every(Operation::Put), Fault::LoseAnswer);
    let world = World {
        state: Arc::new(state),
        ..world
    };
    let report = sweep(&world, since + 31 * DAY).await;
    assert_eq!((report.deleted, report.failed), (0, 1));
    assert!(is_there(&world, OLD).await);
}

#[tokio::test]
async fn what_nobody_names_under_a_tombstone_goes_and_its_neighbours_stay() {
    let world = World::new();
    let mut tombstone = record("a.jpg");
    tombstone.retired.insert(Lane::Fast, 2);
    tombstone.previous = vec![previous(LIVE, now() + 20 * DAY)];
    world.swap(&tombstone).await;
    let newer = file("a.jpg/photo-320w.g3-0123456789.webp").key;
    let stay = [LIVE, "a.jpg/y.jpg/photo-320w.g1-0123456789.webp", "a.jpg/y.jpg"];
    for name in stay.into_iter().chain([OLD, newer.as_str()]) {
        put(&world, name).await;
    }
    assert_eq!(sweep(&world, now() + 29 * DAY).await.leftovers, 0);
    assert_eq!(sweep(&world, now() + 31 * DAY).await.leftovers, 2);
    assert!(!is_there(&world, OLD).await);
    assert!(!is_there(&world, &newer).await);
    for name in stay {
        assert!(is_there(&world, name).await, "{name}");
    }
}

#[tokio::test]
async fn an_attempt_never_names_what_is_cleared_under_its_tombstone() {
    let world = World::new();
    let mut tombstone = record("a.jpg");
    tombstone.retired.insert(Lane::Fast, 2);
    world.swap(&tombstone).await;
    // An attempt was killed in two lanes, one of which the record has never seen.
    for name in [
        "a.jpg/photo-320w.g3-0123456789.webp",
        "a.jpg/zoom-320w.g1-0123456789.webp",
    ] {
        put(&world, name).await;
    }
    let under_way = world.records().load("a.jpg").await.unwrap();
    assert_eq!(sweep(&world, now() + 31 * DAY).await.leftovers, 2);
    let record = world.records().load("a.jpg").await.unwrap().record.unwrap();
    for lane in Lane::ALL {
        assert!(minilab_record::next_generation(Some(&record), lane) > 3, "{lane}");
    }
    let late = world.records().swap(&under_way, &tombstone).await.unwrap();
    assert_eq!(late, minilab_record::Swap::Lost);
    assert_eq!(sweep(&world, now() + 32 * DAY).await.leftovers, 0);
}

/// A live original with files of killed attempts: one of a generation that has passed, one of the next.
async fn with_leftovers() -> (World, [String; 2]) {
    let world = replaced(now() + 20 * DAY).await;
    let leftovers = ["g1", "g3"].map(|generation| format!("a.jpg/thumb-80w.{generation}-0123456789.webp"));
    for name in &leftovers {
        put(&world, name).await;
    }
    (world, leftovers)
}

#[tokio::test]
async fn what_nobody_names_under_a_live_record_goes_after_its_time_of_grace_and_its_neighbours_stay() {
    let (world, leftovers) = with_leftovers().await;
    // `a.jpg-b` comes between `a.jpg` and what lies under it.
    world.upload("a.jpg-b").await;
    world.finish("a.jpg-b").await;
    let live = world.records().load("a.jpg-b").await.unwrap().record.unwrap();
    let neighbour = live.wanted_files().next().unwrap().key.clone();
    put(&world, &neighbour).await;
    let stay = [
        LIVE,
        OLD,
        neighbour.as_str(),
        "a.jpg/y.jpg",
        "a.jpg/manifest.json",
        "a.jpg/thumb-80w.webp",
        "a.jpg/thumb-80w.g99999999999-0123456789.webp",
        "nobody.jpg/thumb-80w.g1-0123456789.webp",
    ];
    for name in stay {
        put(&world, name).await;
    }
    assert_eq!(sweep_fully(&world, now() + 29 * DAY).await.leftovers, 0);
    assert_eq!(
        sweep(&world, now() + 31 * DAY).await.leftovers,
        0,
        "not in every pass"
    );
    let report = sweep_fully(&world, now() + 31 * DAY).await;
    assert_eq!((report.leftovers, report.deleted, report.failed), (2, 0, 0));
    for name in &leftovers {
        assert!(!is_there(&world, name).await, "{name}");
    }
    for name in stay {
        assert!(is_there(&world, name).await, "{name}");
    }
    assert_eq!(sweep_fully(&world, now() + 32 * DAY).await.leftovers, 0);
}

#[tokio::test]
async fn an_attempt_never_names_what_is_swept_under_its_live_record() {
    let (world, _) = with_leftovers().await;
    let under_way = world.records().load("a.jpg").await.unwrap();
    assert_eq!(sweep_fully(&world, now() + 31 * DAY).await.leftovers, 2);
    let record = world.records().load("a.jpg").await.unwrap().record.unwrap();
    for lane in Lane::ALL {
        assert!(minilab_record::next_generation(Some(&record), lane) > 3, "{lane}");
    }
    let base = under_way.record.clone().unwrap();
    let late = world.records().swap(&under_way, &base).await.unwrap();
    assert_eq!(late, minilab_record::Swap::Lost);
    assert!(
        record.wanted_files().eq(base.wanted_files()),
        "nothing else changes"
    );
}

#[tokio::test]
async fn a_live_record_that_moves_on_keeps_what_nobody_named_for_the_next_pass() {
    let (world, leftovers) = with_leftovers().await;
    let state = Faulty::new(Arc::clone(&world.state));
    let stall = state.stall(Calls::every(Operation::Put));
    let swept = World {
        state: Arc::new(state),
        outputs: Arc::clone(&world.outputs),
        ..World::new()
    };
    let overtake = async {
        stall.reached().await;
        let mut record = world.records().load("a.jpg").await.unwrap().record.unwrap();
        record.generation += 1;
        world.swap(&record).await;
        stall.release();
    };
    let (report, ()) = tokio::join!(sweep_fully(&swept, now() + 31 * DAY), overtake);
    assert_eq!((report.leftovers, report.moved_on), (0, 1));
    for name in &leftovers {
        assert!(is_there(&world, name).await, "{name}");
    }
}
