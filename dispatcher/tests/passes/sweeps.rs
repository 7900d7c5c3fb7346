//! The sweep: its brake, what it leaves out, and that interruptions change nothing.
use std::collections::BTreeSet;

use bytes::Bytes;
use jiff::Timestamp;
use minilab_dispatcher::{Ended, Reach, Sweep, SweepConfig, SweepWay};
use minilab_queue::Clock as _;
use minilab_store::{Calls, Fault, Operation, PutOptions, Store, StoreExt as _};
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::world::{previous, record};

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
}
