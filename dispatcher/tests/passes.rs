//! Passes of a fleet: turns, checkpoints, and that interruptions change nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
mod world;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use minilab_dispatcher::{
    Brake, Config, Dispatcher, Ended, LEASE, Offer, Pass, Periods, Progress, Reach, Reconcile,
    ReconcileConfig, ReconcileWay, Sharing, Sweep, SweepConfig, SweepWay, Tenure, Turns, Wanted,
};
use minilab_queue::Clock as _;
use minilab_recipe::Lane;
use minilab_store::{Calls, Fault, Faulty, Operation, PutOptions, Store, StoreExt as _};
use minilab_telemetry::{Finding, PassMode};
use proptest::prelude::*;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use world::{RuntimeClock, World, key, previous, record};

const DAY: Duration = Duration::from_hours(24);
const PERIODS: Periods = Periods {
    every: Duration::from_hours(1),
    full_every: DAY,
};
/// Few enough that a pass over a small world sends and notes often.
const WINDOW: usize = 5;

fn reconcile_of(world: &World) -> Reconcile {
    let config = ReconcileConfig {
        window: WINDOW,
        ..ReconcileConfig::default()
    };
    Reconcile::new(
        Arc::clone(&world.originals),
        world.records(),
        Arc::clone(&world.jobs),
        Arc::clone(&world.metrics),
        config,
    )
}

fn whole(brake: Brake) -> Pass {
    Pass {
        mode: PassMode::Full,
        prefix: String::new(),
        brake,
    }
}

fn turns(world: &World) -> Turns<ReconcileWay> {
    let clock = Arc::new(RuntimeClock::default());
    Turns::new(Arc::clone(&world.state), clock, Sharing::Fleet)
}

fn wanted(now: Option<PassMode>) -> Wanted {
    Wanted {
        now,
        revision: 7,
        periods: PERIODS,
    }
}

async fn ours(turns: &mut Turns<ReconcileWay>, now: Option<PassMode>) -> Option<Box<Tenure<ReconcileWay>>> {
    match turns.ask(wanted(now)).await.unwrap() {
        Offer::Ours(tenure) => Some(tenure),
        Offer::Later(_) => None,
    }
}

/// Originals without records, and records without originals.
async fn ragged(missing: usize, gone: usize) -> World {
    let world = World::new();
    for number in 0..missing {
        world.upload(&format!("{number:05}.jpg")).await;
    }
    for number in 0..gone {
        let name = format!("gone/{number:05}.jpg");
        world.upload(&name).await;
        world.finish(&name).await;
        world.originals.delete(&key(&name)).await.unwrap();
    }
    world
}

/// The world with originals that are listed slowly, so that a pass over them renews.
struct Slow {
    world: World,
    originals: Faulty,
}

fn slow(world: World) -> Slow {
    let originals = Faulty::new(Arc::clone(&world.originals));
    let world = World {
        originals: Arc::new(originals.clone()),
        ..world
    };
    Slow { world, originals }
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_and_a_dead_holder_is_followed_by_the_next() {
    let world = World::new();
    let (mut one, mut other) = (turns(&world), turns(&world));
    let mut tenure = ours(&mut one, None).await.expect("a first pass is due");
    assert_eq!(tenure.under_way().mode, PassMode::Full);
    assert!(ours(&mut other, None).await.is_none());
    // While it is renewed, it stays the holder's.
    for _ in 0..20 {
        tokio::time::sleep(LEASE / 3).await;
        tenure.renew().await.unwrap();
        assert!(ours(&mut other, None).await.is_none());
    }
    // Dead: whoever looked before sees that nothing changes.
    tokio::time::sleep(LEASE).await;
    let next = ours(&mut other, None).await.expect("the lease has expired");
    assert_eq!(next.under_way().started, tenure.under_way().started, "it goes on");
    assert!(ours(&mut one, None).await.is_none());
    // The dead holder was only asleep: its pass ends at once.
    let report = reconcile_of(&world)
        .run(&whole(Brake::default()), &mut tenure, &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(report.ended, Ended::Overtaken);
}

#[tokio::test(start_paused = true)]
async fn a_pass_that_ended_lately_is_not_made_again_by_anybody() {
    let world = World::new();
    let mut tenure = ours(&mut turns(&world), None).await.unwrap();
    let reconcile = reconcile_of(&world);
    let ended = reconcile
        .run(&whole(Brake::default()), &mut tenure, &CancellationToken::new())
        .await;
    assert_eq!(ended.unwrap().ended, Ended::Complete);
    let mut restarted = turns(&world);
    assert!(ours(&mut restarted, None).await.is_none());
    let wanted_newer = Wanted {
        revision: 8,
        ..wanted(None)
    };
    let ledger = restarted.ledger().clone();
    let now = Timestamp::try_from(RuntimeClock::default().now()).unwrap();
    assert_eq!(ledger.due(PERIODS, 7, now).0, PassMode::Incremental);
    assert_eq!(ledger.due(PERIODS, 7, now + DAY + DAY).0, PassMode::Full);
    // A new configuration is compared by at once; an older one no more.
    let Offer::Ours(mut newer) = restarted.ask(wanted_newer).await.unwrap() else {
        panic!("a full pass is due")
    };
    assert_eq!(newer.under_way().mode, PassMode::Full);
    newer.leave().await.unwrap();
    assert!(ours(&mut turns(&world), Some(PassMode::Full)).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn an_interrupted_pass_goes_on_after_its_last_key_and_its_brake_counts_from_the_start() {
    // 1,100 are gone, too many in all; neither half of the pass sees that many.
    let Slow { world, originals } = slow(ragged(0, 1100).await);
    world.upload("zzz.jpg").await;
    let state = Faulty::new(Arc::clone(&world.state));
    let world = World {
        state: Arc::new(state.clone()),
        ..world
    };
    let reconcile = reconcile_of(&world);
    let mut first = ours(&mut turns(&world), None).await.unwrap();
    // The listing of records stops in the middle, for longer than a renewal, and then fails.
    let stall = state.stall(Calls::nth(Operation::List, 2).under("records/"));
    let drain = CancellationToken::new();
    let pass = whole(Brake::default());
    let stopped = async {
        stall.reached().await;
        tokio::time::sleep(Duration::from_mins(1)).await;
        drain.cancel();
    };
    let (report, ()) = tokio::join!(reconcile.run(&pass, &mut first, &drain), stopped);
    stall.release();
    let report = report.unwrap();
    assert_eq!(report.ended, Ended::Stopped);
    assert!(report.seen > 0 && report.seen < 1100, "{}", report.seen);
    let before = originals.count(Operation::List, "");
    let mut second = ours(&mut turns(&world), None).await.expect("it was handed back");
    assert_eq!(second.under_way().way.report.seen, report.seen);
    let ended = reconcile
        .run(&pass, &mut second, &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!((ended.ended, ended.seen), (Ended::Braked, 1101));
    assert!(originals.count(Operation::List, "") > before);
    assert!(
        world.keys().await.is_empty(),
        "also the one that is missing waits"
    );
    let mut turns = turns(&world);
    let ledger = turns.look().await.unwrap();
    let braked = ledger.braked.as_ref().unwrap();
    assert_eq!(
        (braked.limit, braked.counts.report.count(Finding::Gone)),
        (1000, 1100)
    );
    assert!(ledger.under_way.is_none() && ledger.holder.is_none());
    // Allowed, all of it goes, and the brake is no longer told of.
    let mut third = ours(&mut turns, Some(PassMode::Full)).await.unwrap();
    let pass = whole(Brake::default().allowing_all());
    let ended = reconcile
        .run(&pass, &mut third, &CancellationToken::new())
        .await
        .unwrap();
    assert_eq!((ended.ended, ended.enqueued), (Ended::Complete, 1101));
    assert!(turns.look().await.unwrap().braked.is_none());
}

#[tokio::test]
async fn the_newest_of_what_is_found_together_is_queued_first() {
    let world = World::new();
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        world.upload(name).await;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    world.reconcile(PassMode::Full, Brake::default()).await;
    let queue = minilab_dispatcher::queue_name(Lane::Fast);
    let taken = world.queue.receive(&queue, 1, Duration::ZERO).await.unwrap();
    let job: minilab_protos::job::Job = serde_json::from_slice(&taken[0].payload).unwrap();
    assert_eq!(job.key, "c.jpg");
}

#[tokio::test]
async fn what_is_kept_on_delete_is_current_and_never_brakes() {
    let world = ragged(0, 1100).await;
    let world = world.with_rules(&format!("{}on_delete: keep\n", world::RULES));
    let report = world.reconcile(PassMode::Full, Brake::default()).await;
    assert_eq!(
        (report.ended, report.count(Finding::Current), report.enqueued),
        (Ended::Complete, 1100, 0)
    );
}

fn dispatcher(
    world: &World,
    brake: Brake,
) -> (
    JoinHandle<()>,
    tokio::sync::watch::Receiver<Progress>,
    CancellationToken,
) {
    let config = Config {
        sharing: Sharing::Fleet,
        brake,
        ..Config::default()
    };
    let dispatcher = Dispatcher::new(
        config,
        world.stores(),
        Arc::clone(&world.jobs),
        Arc::clone(&world.metrics),
    );
    let (progress, drain) = (dispatcher.progress(), CancellationToken::new());
    let running = dispatcher.run(drain.clone(), CancellationToken::new());
    (
        tokio::spawn(async move { running.await.unwrap() }),
        progress,
        drain,
    )
}

#[tokio::test(start_paused = true)]
async fn two_dispatchers_make_one_pass_and_the_second_goes_on_when_the_first_is_killed() {
    let Slow { world, originals } = slow(ragged(20, 0).await);
    let stall = originals.stall(Calls::nth(Operation::List, 1));
    let (killed, _, _) = dispatcher(&world, Brake::default());
    stall.reached().await;
    let (running, mut progress, drain) = dispatcher(&world, Brake::default());
    tokio::time::sleep(LEASE * 5).await;
    assert_eq!(
        originals.count(Operation::List, ""),
        1,
        "the second waits while the first renews"
    );
    killed.abort();
    progress.wait_for(|progress| progress.caught_up).await.unwrap();
    assert_eq!(world.keys().await.len(), 20);
    // Both restart: nothing is due.
    drain.cancel();
    running.await.unwrap();
    let lists = originals.count(Operation::List, "");
    let (running, _, drain) = dispatcher(&world, Brake::default());
    tokio::time::sleep(Duration::from_mins(30)).await;
    assert_eq!(originals.count(Operation::List, ""), lists);
    tokio::time::sleep(Duration::from_mins(31)).await;
    assert!(
        originals.count(Operation::List, "") > lists,
        "an hour later it is"
    );
    drain.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_that_refuses_everything_from_the_start_is_told_and_waited_for() {
    let Slow { world, originals } = slow(ragged(3, 0).await);
    originals.fail(Calls::every(Operation::List), Fault::Deny);
    let config = Config {
        sharing: Sharing::Fleet,
        ..Config::default()
    };
    let dispatcher = Dispatcher::new(
        config,
        world.stores(),
        Arc::clone(&world.jobs),
        Arc::clone(&world.metrics),
    );
    let (mut ready, mut progress) = (dispatcher.ready(), dispatcher.progress());
    let drain = CancellationToken::new();
    let running = tokio::spawn(dispatcher.run(drain.clone(), CancellationToken::new()));
    let told = ready
        .wait_for(|ready| matches!(ready, minilab_dispatcher::Ready::No(_)))
        .await
        .unwrap()
        .clone();
    assert!(format!("{told:?}").contains("permission denied"), "{told:?}");
    originals.heal();
    progress
        .wait_for(|progress| progress.enqueued == 3)
        .await
        .unwrap();
    ready
        .wait_for(|ready| *ready == minilab_dispatcher::Ready::Yes)
        .await
        .unwrap();
    drain.cancel();
    running.await.unwrap().unwrap();
}

// ---- the sweep

const OLD: &str = "photo-320w.g1-0123456789.webp";

async fn put(store: &Arc<dyn Store>, name: &str) {
    store
        .put(&key(name), Bytes::from_static(b"file"), PutOptions::default())
        .await
        .unwrap();
}

/// Originals with one file each that is over a month from now, and one that is wanted.
async fn replaced(count: usize) -> World {
    let world = World::new();
    for number in 0..count {
        let name = format!("{number:05}.jpg");
        world.upload(&name).await;
        world.finish(&name).await;
        let mut record = world.records().load(&name).await.unwrap().record.unwrap();
        let old = format!("{name}/{OLD}");
        record.previous = vec![previous(&old, Timestamp::now())];
        put(&world.outputs, &old).await;
        put(&world.outputs, &record.wanted_files().next().unwrap().key).await;
        world.swap(&record).await;
    }
    world
}

fn sweep_of(world: &World) -> Sweep {
    Sweep::new(
        world.records(),
        Arc::clone(&world.outputs),
        Arc::clone(&world.metrics),
        SweepConfig { retain: 30 * DAY },
    )
}

async fn files(world: &World) -> BTreeSet<String> {
    use futures::TryStreamExt as _;
    let listed: Vec<_> = world.outputs.list_all("").try_collect().await.unwrap();
    listed
        .into_iter()
        .map(|found| found.key.as_str().to_owned())
        .collect()
}

async fn swept(world: &World, reach: Reach) -> minilab_dispatcher::SweepReport {
    let now = Timestamp::now() + 31 * DAY;
    let mut tenure = Tenure::<SweepWay>::untold(PassMode::Full, now);
    sweep_of(world)
        .run(reach, &mut tenure, now, &CancellationToken::new())
        .await
        .unwrap()
}

#[tokio::test]
async fn the_brake_stops_a_sweep_of_too_many_originals_and_looking_changes_nothing() {
    let world = replaced(1001).await;
    let before = files(&world).await;
    let looked = swept(&world, Reach::Count).await;
    assert_eq!(
        (looked.ended, looked.deleted, looked.bytes),
        (Ended::Complete, 1001, 4004)
    );
    let braked = swept(&world, Reach::Delete(Brake::default())).await;
    assert_eq!(
        (braked.ended, braked.due, braked.deleted),
        (Ended::Braked, 1001, 0)
    );
    assert_eq!(files(&world).await, before);
    let allowed = swept(&world, Reach::Delete(Brake::default().allowing_all())).await;
    assert_eq!(
        (allowed.ended, allowed.deleted, allowed.bytes),
        (Ended::Complete, 1001, 4004)
    );
    assert_eq!(files(&world).await.len(), 1001);
}

#[tokio::test]
async fn an_incremental_sweep_leaves_out_records_that_the_last_one_has_done_with() {
    let world = World::new();
    world.swap(&record("gone.jpg")).await;
    let state = Faulty::new(Arc::clone(&world.state));
    let world = World {
        state: Arc::new(state.clone()),
        ..world
    };
    let clock = minilab_queue::ManualClock::default();
    clock.advance(
        Timestamp::now()
            .duration_since(Timestamp::try_from(clock.now()).unwrap())
            .unsigned_abs(),
    );
    let mut turns = Turns::<SweepWay>::new(Arc::clone(&world.state), Arc::new(clock.clone()), Sharing::Fleet);
    for (mode, reads) in [
        (PassMode::Incremental, 1),
        (PassMode::Incremental, 1),
        (PassMode::Incremental, 0),
        (PassMode::Full, 1),
    ] {
        let wanted = Wanted {
            now: Some(mode),
            revision: 0,
            periods: PERIODS,
        };
        let Offer::Ours(mut tenure) = turns.ask(wanted).await.unwrap() else {
            panic!("it is free")
        };
        let before = state.count(Operation::Get, "records/");
        let now = Timestamp::try_from(clock.now()).unwrap();
        let reach = Reach::Delete(Brake::default());
        let report = sweep_of(&world)
            .run(reach, &mut tenure, now, &CancellationToken::new())
            .await
            .unwrap();
        assert_eq!((report.ended, report.records), (Ended::Complete, 1));
        assert_eq!(
            state.count(Operation::Get, "records/") - before,
            reads,
            "{mode:?}"
        );
        clock.advance(40 * DAY);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever call fails, is not answered or is the last of its process: the next passes end as an undisturbed one, and
    /// nothing that is wanted is ever gone.
    #[test]
    fn a_sweep_that_is_interrupted_anywhere_ends_like_one_that_is_not(
        originals in 1usize..12,
        kills in prop::collection::vec((0usize..4, 1u64..14, any::<bool>()), 0..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = replaced(originals).await;
            let wanted: BTreeSet<String> = files(&world).await.into_iter().filter(|key| !key.ends_with(OLD)).collect();
            for (operation, nth, answered) in kills {
                let operation = [Operation::Get, Operation::Put, Operation::List, Operation::Delete][operation];
                let faulty = |store: &Arc<dyn Store>| {
                    let faulty = Faulty::new(Arc::clone(store));
                    faulty.fail(Calls::nth(operation, nth), if answered { Fault::Refuse } else { Fault::LoseAnswer });
                    Arc::new(faulty) as Arc<dyn Store>
                };
                let broken = World { state: faulty(&world.state), outputs: faulty(&world.outputs), ..World::new() };
                let now = Timestamp::now() + 31 * DAY;
                let mut tenure = Tenure::<SweepWay>::untold(PassMode::Full, now);
                // Whether it fails or not; the process is gone after it, and with it all that it knew.
                let _ = sweep_of(&broken)
                    .run(Reach::Delete(Brake::default()), &mut tenure, now, &CancellationToken::new())
                    .await;
                prop_assert!(files(&world).await.is_superset(&wanted));
            }
            for _ in 0..2 {
                let report = swept(&world, Reach::Delete(Brake::default())).await;
                prop_assert_eq!((report.ended, report.failed), (Ended::Complete, 0));
            }
            prop_assert_eq!(files(&world).await, wanted);
            Ok(())
        })?;
    }

    /// The same of reconcile: a job for each finding, at least once.
    #[test]
    fn a_reconcile_that_is_interrupted_anywhere_finds_all_that_one_would_find_that_is_not(
        (missing, gone) in (0usize..20, 0usize..20),
        kills in prop::collection::vec((0usize..3, 1u64..20), 0..5),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = ragged(missing, gone).await;
            let mut found = BTreeSet::new();
            for (operation, nth) in kills {
                let operation = [Operation::Get, Operation::Put, Operation::List][operation];
                let faulty = |store: &Arc<dyn Store>| {
                    let faulty = Faulty::new(Arc::clone(store));
                    faulty.fail(Calls::nth(operation, nth), Fault::Refuse);
                    Arc::new(faulty) as Arc<dyn Store>
                };
                let broken = World {
                    originals: faulty(&world.originals),
                    state: faulty(&world.state),
                    jobs: Arc::clone(&world.jobs),
                    ..World::new()
                };
                if let Ok(Offer::Ours(mut tenure)) = turns(&broken).ask(wanted(None)).await {
                    let _ = reconcile_of(&broken)
                        .run(&whole(Brake::default()), &mut tenure, &CancellationToken::new())
                        .await;
                }
                found.extend(world.keys().await);
                tokio::time::sleep(LEASE).await;
            }
            let mut turns = turns(&world);
            turns.look().await.unwrap();
            tokio::time::sleep(LEASE).await;
            if let Some(mut tenure) = ours(&mut turns, Some(PassMode::Full)).await {
                let ended = reconcile_of(&world)
                    .run(&whole(Brake::default()), &mut tenure, &CancellationToken::new())
                    .await
                    .unwrap();
                prop_assert_eq!(ended.ended, Ended::Complete);
                prop_assert_eq!(ended.seen, (missing + gone) as u64);
            }
            found.extend(world.keys().await);
            prop_assert_eq!(found.len(), missing + gone);
            Ok(())
        })?;
    }
}
