//! What a lease promises.
use super::{World, assert_empty, assert_nothing_due, fast, receive_one, send};
use crate::{Disposition, Receipt, Settled};

/// As long as the lease runs.
pub async fn a_leased_message_is_nobody_elses(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["mine"]).await;
    let delivery = receive_one(world).await;
    assert_nothing_due(&*queue).await;
    world.advance(delivery.lease * 9 / 10).await;
    assert_nothing_due(&*queue).await;
}

/// At once, each time.
pub async fn an_expired_lease_is_due_again_and_marked_redelivered(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["again"]).await;
    let first = receive_one(world).await;
    for _ in 0..3 {
        world.advance(first.lease).await;
        let again = receive_one(world).await;
        assert!(again.redelivered);
        assert_eq!(again.payload, first.payload);
        assert_ne!(again.receipt, first.receipt);
    }
}

/// An extension counts from when it was asked for.
pub async fn an_extended_lease_holds(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["long work"]).await;
    let delivery = receive_one(world).await;
    for _ in 0..5 {
        world.advance(delivery.lease * 2 / 3).await;
        assert_eq!(queue.extend(&delivery.receipt).await.unwrap(), Settled::Done);
        assert_nothing_due(&*queue).await;
    }
    world.advance(delivery.lease).await;
    assert!(receive_one(world).await.redelivered);
}

/// Neither before somebody else has the message, nor while, nor does it disturb who has it.
pub async fn a_receipt_of_a_lost_lease_extends_and_settles_nothing(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["contested"]).await;
    let stale = receive_one(world).await;
    world.advance(stale.lease).await;
    assert_eq!(
        queue.settle(&stale.receipt, Disposition::Complete).await.unwrap(),
        Settled::LeaseLost
    );
    let current = receive_one(world).await;
    for disposition in all_dispositions() {
        assert_eq!(
            queue.settle(&stale.receipt, disposition).await.unwrap(),
            Settled::LeaseLost
        );
    }
    assert_eq!(queue.extend(&stale.receipt).await.unwrap(), Settled::LeaseLost);
    assert_nothing_due(&*queue).await;
    assert_eq!(
        queue
            .settle(&current.receipt, Disposition::Complete)
            .await
            .unwrap(),
        Settled::Done
    );
    assert_empty(world, &fast()).await;
}

/// What was settled is settled.
pub async fn a_receipt_settles_once(world: &dyn World) {
    let queue = world.queue();
    for disposition in all_dispositions() {
        send(&*queue, &["once"]).await;
        let delivery = receive_one(world).await;
        assert_eq!(
            queue
                .settle(&delivery.receipt, disposition.clone())
                .await
                .unwrap(),
            Settled::Done
        );
        assert_eq!(
            queue
                .settle(&delivery.receipt, Disposition::Complete)
                .await
                .unwrap(),
            Settled::LeaseLost
        );
        assert_eq!(queue.extend(&delivery.receipt).await.unwrap(), Settled::LeaseLost);
        if matches!(
            disposition,
            Disposition::Retry { .. } | Disposition::Release { .. }
        ) {
            let again = receive_one(world).await;
            assert_eq!(
                queue.settle(&again.receipt, Disposition::Complete).await.unwrap(),
                Settled::Done
            );
        }
    }
}

/// Receipts of another broker, or of nobody.
pub async fn a_receipt_of_nobody_settles_nothing(world: &dyn World) {
    let queue = world.queue();
    for receipt in ["", "1.1", "fast/1", "x.y", "no receipt at all"] {
        let receipt = Receipt(receipt.to_owned());
        assert_eq!(
            queue.settle(&receipt, Disposition::Complete).await.unwrap(),
            Settled::LeaseLost
        );
        assert_eq!(queue.extend(&receipt).await.unwrap(), Settled::LeaseLost);
    }
}

fn all_dispositions() -> [Disposition; 4] {
    let delay = std::time::Duration::ZERO;
    [
        Disposition::Complete,
        Disposition::Retry {
            payload: super::bytes("retried"),
            delay,
        },
        Disposition::Release { delay },
        Disposition::Reject {
            payload: super::bytes("rejected"),
            reason: "input: for the test".into(),
        },
    ]
}
