//! One holder at a time, and what it does when another takes over.
use jiff::Timestamp;
use minilab_dispatcher::{Brake, Ended, LEASE};
use minilab_queue::Clock as _;
use minilab_telemetry::PassMode;
use tokio_util::sync::CancellationToken;

use super::*;

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
