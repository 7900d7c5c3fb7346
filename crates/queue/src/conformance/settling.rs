//! What each disposition does, and what becomes of dead letters.
use std::time::Duration;

use bytes::Bytes;

use super::{World, assert_nothing_due, bytes, fast, lane, receive_one, send};
use crate::{Delivery, Depth, Disposition, Error, Outgoing, Queue, Settled};

const MINUTE: Duration = Duration::from_mins(1);

/// For good.
pub async fn a_completed_message_is_gone(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["done"]).await;
    let delivery = receive_one(&*queue).await;
    settle(&*queue, &delivery, Disposition::Complete).await;
    world.advance(delivery.lease * 2).await;
    assert_eq!(queue.depth(&fast()).await.unwrap(), Depth::default());
}

/// Once, not before the delay, not marked.
pub async fn a_retried_message_comes_back_later_with_its_new_payload(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["attempt 1"]).await;
    let delivery = receive_one(&*queue).await;
    settle(
        &*queue,
        &delivery,
        Disposition::Retry {
            payload: bytes("attempt 2"),
            delay: MINUTE,
        },
    )
    .await;
    world.advance(MINUTE / 2).await;
    assert_nothing_due(&*queue).await;
    world.advance(MINUTE / 2).await;
    let again = receive_one(&*queue).await;
    assert_eq!(again.payload, "attempt 2");
    assert!(!again.redelivered);
}

/// Not marked, even where the delivery released was.
pub async fn a_released_message_comes_back_as_it_was(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["as it was"]).await;
    world.advance(receive_one(&*queue).await.lease).await;
    let delivery = receive_one(&*queue).await;
    assert!(delivery.redelivered);
    settle(&*queue, &delivery, Disposition::Release { delay: MINUTE }).await;
    assert_nothing_due(&*queue).await;
    world.advance(MINUTE).await;
    let again = receive_one(&*queue).await;
    assert_eq!(again.payload, "as it was");
    assert!(!again.redelivered);
}

/// Out of its queue, on the list, with its last bytes.
pub async fn a_rejected_message_is_a_dead_letter_with_its_reason(world: &dyn World) {
    let queue = world.queue();
    reject(&*queue, "last words", "poison: the renderer died twice").await;
    assert_nothing_due(&*queue).await;
    let dead = queue.dead(None, 10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (&dead[0].queue, dead[0].payload.as_ref()),
        (&fast(), &b"last words"[..])
    );
    assert_eq!(dead[0].reason, "poison: the renderer died twice");
}

/// Page by page, nothing twice, whatever queue they came from.
pub async fn dead_letters_are_paged_oldest_first(world: &dyn World) {
    let queue = world.queue();
    for payload in ["1", "2", "3"] {
        reject(&*queue, payload, "exhausted: for the test").await;
    }
    let bulk = lane("bulk");
    queue.send(vec![Outgoing::new(bulk.clone(), "4")]).await.unwrap();
    let other = queue.receive(&bulk, 1, Duration::ZERO).await.unwrap().remove(0);
    settle(
        &*queue,
        &other,
        Disposition::Reject {
            payload: bytes("4"),
            reason: "denied: for the test".into(),
        },
    )
    .await;

    let (mut seen, mut after): (Vec<Bytes>, Option<String>) = (Vec::new(), None);
    loop {
        let page = queue.dead(after.as_deref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        seen.extend(page.into_iter().map(|letter| letter.payload));
    }
    assert_eq!(seen, ["1", "2", "3", "4"]);
}

/// Off the list, back into its queue.
pub async fn a_redriven_message_is_due_now_with_its_new_payload(world: &dyn World) {
    let queue = world.queue();
    reject(&*queue, "before", "exhausted: for the test").await;
    let id = queue.dead(None, 1).await.unwrap().remove(0).id;
    assert!(queue.redrive(&id, bytes("after")).await.unwrap());
    assert!(queue.dead(None, 10).await.unwrap().is_empty());
    let delivery = receive_one(&*queue).await;
    assert_eq!(delivery.payload, "after");
    assert!(!delivery.redelivered);
}

/// The same letter twice, for one.
pub async fn redriving_nothing_says_so(world: &dyn World) {
    let queue = world.queue();
    reject(&*queue, "only once", "exhausted: for the test").await;
    let id = queue.dead(None, 1).await.unwrap().remove(0).id;
    assert!(queue.redrive(&id, bytes("first")).await.unwrap());
    assert!(!queue.redrive(&id, bytes("second")).await.unwrap());
    receive_one(&*queue).await;
}

/// A wrong id is the caller's mistake, for good, or names nothing.
pub async fn an_id_that_names_no_dead_letter_is_no_outage(world: &dyn World) {
    let queue = world.queue();
    for id in ["", "none", "-1", "18446744073709551615", "4611686018427387904"] {
        assert!(
            !queue
                .dead(Some(id), 1)
                .await
                .is_err_and(|error| error.is_transient()),
            "{id}"
        );
        assert!(
            !queue
                .redrive(id, bytes("nobody"))
                .await
                .is_ok_and(|redriven| redriven),
            "{id}"
        );
    }
}

/// The delivery stays ours, to be settled some other way.
pub async fn an_oversized_retry_or_rejection_is_refused_and_settles_nothing(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["small"]).await;
    let delivery = receive_one(&*queue).await;
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

/// Sends a message, receives it and gives it up with `payload`.
async fn reject(queue: &dyn Queue, payload: &'static str, reason: &str) {
    send(queue, &["to be rejected"]).await;
    let delivery = receive_one(queue).await;
    settle(
        queue,
        &delivery,
        Disposition::Reject {
            payload: bytes(payload),
            reason: reason.into(),
        },
    )
    .await;
}
