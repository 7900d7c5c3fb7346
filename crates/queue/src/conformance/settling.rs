//! What each disposition does.
use std::time::Duration;

use bytes::Bytes;

use super::{LONG, World, assert_empty, assert_nothing_due, bytes, fast, receive_one, send};
use crate::{Delivery, Disposition, Error, Queue, Settled, dead_queue};

/// For good.
pub async fn a_completed_message_is_gone(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["done"]).await;
    let delivery = receive_one(world).await;
    settle(&*queue, &delivery, Disposition::Complete).await;
    world.advance(delivery.lease * 2).await;
    assert_empty(world, &fast()).await;
}

/// Once, not before the delay, not marked.
pub async fn a_retried_message_comes_back_later_with_its_new_payload(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["attempt 1"]).await;
    let delivery = receive_one(world).await;
    settle(
        &*queue,
        &delivery,
        Disposition::Retry {
            payload: bytes("attempt 2"),
            delay: world.delay(),
        },
    )
    .await;
    world.advance(world.delay() / 2).await;
    assert_nothing_due(&*queue).await;
    world.advance(world.delay() / 2).await;
    let again = receive_one(world).await;
    assert_eq!((&again.payload[..], &again.reason), (&b"attempt 2"[..], &None));
    assert!(!again.redelivered);
}

/// Not marked, even where the delivery released was.
pub async fn a_released_message_comes_back_as_it_was(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["as it was"]).await;
    world.advance(receive_one(world).await.lease).await;
    let delivery = receive_one(world).await;
    assert!(delivery.redelivered);
    settle(&*queue, &delivery, Disposition::Release { delay: world.delay() }).await;
    assert_nothing_due(&*queue).await;
    world.advance(world.delay()).await;
    let again = receive_one(world).await;
    assert_eq!(again.payload, "as it was");
    assert!(!again.redelivered);
}

/// Out of its queue, into that of the dead, with its last bytes. The living have no reason.
pub async fn a_rejected_message_is_delivered_from_the_queue_dead_with_its_reason(world: &dyn World) {
    let queue = world.queue();
    reject(world, "last words", "poison: the renderer died twice").await;
    assert_nothing_due(&*queue).await;
    let letter = receive_dead(world).await;
    assert_eq!(
        (&letter.queue, &letter.payload[..]),
        (&dead_queue(), &b"last words"[..])
    );
    assert_eq!(letter.reason.as_deref(), Some("poison: the renderer died twice"));
    assert!(!letter.redelivered);
    settle(&*queue, &letter, Disposition::Complete).await;
    assert_empty(world, &dead_queue()).await;
}

/// Who waits for dead letters has them at once.
pub async fn a_waiting_receive_of_the_dead_is_woken_by_a_rejection(world: &dyn World) {
    let waiting = tokio::spawn({
        let queue = world.queue();
        async move { queue.receive(&dead_queue(), 1, LONG).await }
    });
    tokio::task::yield_now().await;
    reject(world, "last words", "exhausted: for the test").await;
    // No time passes in a broker whose time stands still, so only the rejection can have woken it.
    assert_eq!(waiting.await.unwrap().unwrap()[0].payload, "last words");
}

/// Whoever could not record it hands it back, or dies with it.
pub async fn a_dead_letter_keeps_its_reason_until_it_is_completed(world: &dyn World) {
    let queue = world.queue();
    reject(world, "last words", "denied: for the test").await;
    let delay = world.delay();
    settle(
        &*queue,
        &receive_dead(world).await,
        Disposition::Release { delay },
    )
    .await;
    world.advance(delay).await;
    let again = receive_dead(world).await;
    world.advance(again.lease).await;
    let expired = receive_dead(world).await;
    assert!(!again.redelivered && expired.redelivered);
    for letter in [again, expired] {
        assert_eq!(letter.reason.as_deref(), Some("denied: for the test"));
        assert_eq!(letter.payload, "last words");
    }
}

/// The delivery stays ours, to be settled some other way.
pub async fn an_oversized_retry_or_rejection_is_refused_and_settles_nothing(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["small"]).await;
    let delivery = receive_one(world).await;
    let payload = Bytes::from(vec![0; queue.limits().payload_bytes_max + 1]);
    let retry = Disposition::Retry {
        payload: payload.clone(),
        delay: Duration::ZERO,
    };
    let reject = Disposition::Reject {
        payload,
        reason: "exhausted: for the test".into(),
    };
    for disposition in [retry, reject] {
        let error = queue
            .settle(&delivery.receipt, disposition)
            .await
            .expect_err("the payload is too large");
        assert!(matches!(error, Error::Refused { .. }), "{error}");
    }
    settle(&*queue, &delivery, Disposition::Complete).await;
}

async fn settle(queue: &dyn Queue, delivery: &Delivery, disposition: Disposition) {
    assert_eq!(
        queue.settle(&delivery.receipt, disposition).await.unwrap(),
        Settled::Done
    );
}

async fn receive_dead(world: &dyn World) -> Delivery {
    let received = world.queue().receive(&dead_queue(), 10, world.patience()).await;
    let mut letters = received.unwrap();
    assert_eq!(letters.len(), 1, "one dead letter is due: {letters:?}");
    letters.remove(0)
}

/// Sends a message, receives it and gives it up with `payload`.
async fn reject(world: &dyn World, payload: &'static str, reason: &str) {
    let queue = world.queue();
    send(&*queue, &["to be rejected"]).await;
    let delivery = receive_one(world).await;
    settle(
        &*queue,
        &delivery,
        Disposition::Reject {
            payload: bytes(payload),
            reason: reason.into(),
        },
    )
    .await;
}
