//! Reconcile goes on where it was, and finds the same however often it is interrupted.
use std::collections::BTreeSet;

use minilab_dispatcher::{Ended, LEASE};
use minilab_recipe::Lane;
use minilab_store::{Calls, Fault, Operation, Store};
use minilab_telemetry::Finding;
use proptest::prelude::*;
use tokio_util::sync::CancellationToken;

use super::*;

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever call fails and ends its process, there is a job for each finding, at least once.
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
