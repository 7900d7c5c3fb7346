//! The faults that others rely on in their tests are the ones they ask for.
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
use std::{sync::Arc, time::Duration};

use minilab_queue::{Disposition, Fault, Faulty, Memory, Moment, Outgoing, Queue, QueueName, Settled};

#[tokio::test(start_paused = true)]
async fn a_send_fails_before_or_after_the_message_was_taken() {
    let queue = faulty([
        Fault::Send {
            nth: 1,
            moment: Moment::BeforeEffect,
        },
        Fault::Send {
            nth: 2,
            moment: Moment::AfterEffect,
        },
    ]);
    assert!(send(&queue, "never taken").await.unwrap_err().is_transient());
    assert!(send(&queue, "taken").await.unwrap_err().is_transient());
    send(&queue, "taken and told").await.unwrap();
    assert_eq!(queue.depth(&fast()).await.unwrap().ready, 2);
}

#[tokio::test(start_paused = true)]
async fn a_settlement_is_lost_before_or_after_it_counted() {
    let queue = faulty([
        Fault::Settle {
            nth: 1,
            moment: Moment::BeforeEffect,
        },
        Fault::Settle {
            nth: 2,
            moment: Moment::AfterEffect,
        },
    ]);
    send(&queue, "work").await.unwrap();
    let delivery = queue.receive(&fast(), 1, Duration::ZERO).await.unwrap().remove(0);
    queue
        .settle(&delivery.receipt, Disposition::Complete)
        .await
        .unwrap_err();
    assert_eq!(queue.depth(&fast()).await.unwrap().leased, Some(1));
    queue
        .settle(&delivery.receipt, Disposition::Complete)
        .await
        .unwrap_err();
    assert_eq!(queue.depth(&fast()).await.unwrap().leased, Some(0));
}

#[tokio::test(start_paused = true)]
async fn an_expired_delivery_settles_nothing_and_comes_again() {
    let queue = faulty([Fault::Lease { nth: 1 }]);
    send(&queue, "work").await.unwrap();
    let lost = queue.receive(&fast(), 1, Duration::ZERO).await.unwrap().remove(0);
    assert_eq!(
        queue.settle(&lost.receipt, Disposition::Complete).await.unwrap(),
        Settled::LeaseLost
    );
    let again = queue.receive(&fast(), 1, lost.lease * 2).await.unwrap().remove(0);
    assert!(again.redelivered);
    assert_eq!(
        queue.settle(&again.receipt, Disposition::Complete).await.unwrap(),
        Settled::Done
    );
}

#[tokio::test(start_paused = true)]
async fn a_cut_queue_is_unavailable_until_mended() {
    let queue = faulty([]);
    queue.cut();
    assert!(send(&queue, "lost").await.unwrap_err().is_transient());
    assert!(
        queue
            .receive(&fast(), 1, Duration::ZERO)
            .await
            .unwrap_err()
            .is_transient()
    );
    queue.mend();
    send(&queue, "kept").await.unwrap();
}

fn faulty(script: impl Into<Vec<Fault>>) -> Faulty {
    Faulty::new(Arc::new(Memory::default()), script)
}

async fn send(queue: &Faulty, payload: &'static str) -> Result<(), minilab_queue::Error> {
    queue.send(vec![Outgoing::new(fast(), payload)]).await
}

fn fast() -> QueueName {
    QueueName::new("fast").unwrap()
}
