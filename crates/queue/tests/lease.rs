//! The lease keeper, on paused time.
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
use std::{sync::Arc, time::Duration};

use minilab_queue::{
    Delivery, Disposition, Fault, Faulty, LeaseEnd, LeaseKeeper, Memory, Outgoing, Queue, QueueName, Settled,
};
use tokio::time::{Instant, advance, sleep};

const LEASE: Duration = Duration::from_secs(30);
const CAP: Duration = Duration::from_mins(20);

#[tokio::test(start_paused = true)]
async fn a_kept_delivery_stays_ours_for_many_leases() {
    let (queue, delivery) = one_delivery([]).await;
    let keeper = LeaseKeeper::start(queue.clone(), &delivery, CAP);
    sleep(LEASE * 10).await;
    assert!(
        queue
            .receive(&fast(), 1, Duration::ZERO)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(keeper.reason(), None);
    assert_eq!(
        queue
            .settle(&delivery.receipt, Disposition::Complete)
            .await
            .unwrap(),
        Settled::Done
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_keeper_extends_no_more() {
    let (queue, delivery) = one_delivery([]).await;
    let keeper = LeaseKeeper::start(queue.clone(), &delivery, CAP);
    sleep(LEASE * 2).await;
    drop(keeper);
    sleep(LEASE).await;
    assert!(queue.receive(&fast(), 1, Duration::ZERO).await.unwrap()[0].redelivered);
}

#[tokio::test(start_paused = true)]
async fn a_lost_lease_is_noticed_at_the_next_extension() {
    let (queue, delivery) = one_delivery([Fault::Lease { nth: 1 }]).await;
    let started = Instant::now();
    let keeper = LeaseKeeper::start(queue, &delivery, CAP);
    keeper.ended().cancelled().await;
    assert_eq!(
        (keeper.reason(), started.elapsed()),
        (Some(LeaseEnd::Lost), LEASE / 3)
    );
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_lost_when_no_extension_succeeds_for_its_whole_length() {
    let (queue, delivery) = one_delivery([]).await;
    let started = Instant::now();
    let keeper = LeaseKeeper::start(queue.clone(), &delivery, CAP);
    queue.cut();
    keeper.ended().cancelled().await;
    assert_eq!(
        (keeper.reason(), started.elapsed()),
        (Some(LeaseEnd::Lost), LEASE)
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_shorter_than_the_lease_is_survived() {
    let (queue, delivery) = one_delivery([]).await;
    let keeper = LeaseKeeper::start(queue.clone(), &delivery, CAP);
    for _ in 0..3 {
        queue.cut();
        sleep(LEASE / 2).await;
        queue.mend();
        sleep(LEASE / 2).await;
    }
    assert_eq!(keeper.reason(), None);
    assert_eq!(
        queue
            .settle(&delivery.receipt, Disposition::Complete)
            .await
            .unwrap(),
        Settled::Done
    );
}

#[tokio::test(start_paused = true)]
async fn a_process_that_was_stopped_for_a_lease_notices_on_waking() {
    let (queue, delivery) = one_delivery([]).await;
    let keeper = LeaseKeeper::start(queue.clone(), &delivery, CAP);
    sleep(LEASE / 10).await;
    advance(LEASE * 2).await;
    keeper.ended().cancelled().await;
    assert_eq!(keeper.reason(), Some(LeaseEnd::Lost));
}

#[tokio::test(start_paused = true)]
async fn the_cap_ends_the_attempt_and_leaves_time_to_settle() {
    let (queue, delivery) = one_delivery([]).await;
    let (started, cap) = (Instant::now(), LEASE * 5 / 2);
    let keeper = LeaseKeeper::start(queue.clone(), &delivery, cap);
    keeper.ended().cancelled().await;
    assert_eq!(
        (keeper.reason(), started.elapsed()),
        (Some(LeaseEnd::CapReached), cap)
    );
    let reject = Disposition::Reject {
        payload: delivery.payload,
        reason: "poison: took too long".into(),
    };
    assert_eq!(
        queue.settle(&delivery.receipt, reject).await.unwrap(),
        Settled::Done
    );
}

async fn one_delivery(script: impl Into<Vec<Fault>>) -> (Arc<Faulty>, Delivery) {
    let queue = Arc::new(Faulty::new(Arc::new(Memory::with_lease(LEASE)), script));
    queue.send(vec![Outgoing::new(fast(), "work")]).await.unwrap();
    let delivery = queue.receive(&fast(), 1, Duration::ZERO).await.unwrap().remove(0);
    (queue, delivery)
}

fn fast() -> QueueName {
    QueueName::new("fast").unwrap()
}
