//! What [`Outgoing::coalesce`](crate::Outgoing) promises.
use std::time::Duration;

use super::{
    World, assert_depth, assert_nothing_due, bytes, fast, lane, message, payloads, receive, receive_one,
};
use crate::{Disposition, Outgoing, dead_queue};

const MINUTE: Duration = Duration::from_mins(1);

/// The first of a key is worked on, the rest are not.
pub async fn a_waiting_message_absorbs_its_key_and_keeps_its_payload(world: &dyn World) {
    let queue = world.queue();
    queue.send(vec![keyed("first"), keyed("second")]).await.unwrap();
    queue.send(vec![keyed("third")]).await.unwrap();
    assert_eq!(receive_one(world).await.payload, "first");
}

/// Never later.
pub async fn a_waiting_message_becomes_due_at_the_earlier_time(world: &dyn World) {
    let queue = world.queue();
    queue.send(vec![keyed("first").after(MINUTE)]).await.unwrap();
    queue
        .send(vec![keyed("much later").after(MINUTE * 10)])
        .await
        .unwrap();
    assert_nothing_due(&*queue).await;
    queue.send(vec![keyed("now")]).await.unwrap();
    assert_eq!(receive_one(world).await.payload, "first");
}

/// Not beside, not never.
pub async fn a_key_that_changes_while_leased_is_delivered_after(world: &dyn World) {
    let queue = world.queue();
    queue.send(vec![keyed("first")]).await.unwrap();
    let first = receive_one(world).await;
    queue
        .send(vec![keyed("changed meanwhile"), keyed("and again")])
        .await
        .unwrap();
    assert_nothing_due(&*queue).await;
    queue.settle(&first.receipt, Disposition::Complete).await.unwrap();
    let second = receive_one(world).await;
    assert_eq!(second.payload, "changed meanwhile");
    queue
        .settle(&second.receipt, Disposition::Complete)
        .await
        .unwrap();
    assert_nothing_due(&*queue).await;
}

/// A holder that died holds nothing back; both messages come, one at a time.
pub async fn a_key_held_by_a_lease_that_ends_is_free_again(world: &dyn World) {
    let queue = world.queue();
    queue.send(vec![keyed("first")]).await.unwrap();
    let first = receive_one(world).await;
    queue.send(vec![keyed("second")]).await.unwrap();
    world.advance(first.lease).await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let delivery = receive_one(world).await;
        queue
            .settle(&delivery.receipt, Disposition::Complete)
            .await
            .unwrap();
        seen.push(delivery);
    }
    assert_eq!(payloads(&seen), [&b"first"[..], b"second"]);
    assert!(
        seen.iter()
            .all(|delivery| delivery.redelivered == (delivery.payload == "first"))
    );
}

/// The retry's payload tells what the attempt left behind; it may not get lost.
pub async fn a_retried_message_is_not_absorbed_by_its_successor(world: &dyn World) {
    let queue = world.queue();
    queue.send(vec![keyed("first")]).await.unwrap();
    let first = receive_one(world).await;
    queue.send(vec![keyed("second")]).await.unwrap();
    let retry = Disposition::Retry {
        payload: bytes("first, attempt 2"),
        delay: MINUTE,
    };
    queue.settle(&first.receipt, retry).await.unwrap();
    let second = receive_one(world).await;
    assert_eq!(second.payload, "second");
    queue
        .settle(&second.receipt, Disposition::Complete)
        .await
        .unwrap();
    world.advance(MINUTE).await;
    assert_eq!(receive_one(world).await.payload, "first, attempt 2");
}

/// Of a key, each message that is given up is a dead letter; none of them is in the way of the living.
pub async fn a_rejected_message_frees_its_key_and_absorbs_nothing(world: &dyn World) {
    let queue = world.queue();
    for payload in ["first", "second"] {
        queue.send(vec![keyed(payload)]).await.unwrap();
        let delivery = receive_one(world).await;
        let reject = Disposition::Reject {
            payload: delivery.payload.clone(),
            reason: "exhausted: for the test".into(),
        };
        queue.settle(&delivery.receipt, reject).await.unwrap();
    }
    let letters = queue.receive(&dead_queue(), 10, Duration::ZERO).await.unwrap();
    assert_eq!(payloads(&letters), [&b"first"[..], b"second"]);
}

/// Nor do messages without a key.
pub async fn different_keys_and_queues_do_not_coalesce(world: &dyn World) {
    let queue = world.queue();
    let bulk = lane("bulk");
    let elsewhere = Outgoing::new(bulk.clone(), "elsewhere").coalescing("photos/cat.jpg");
    let other = message("other").coalescing("photos/dog.jpg");
    queue
        .send(vec![
            keyed("one"),
            other,
            message("no key"),
            message("no key"),
            elsewhere,
        ])
        .await
        .unwrap();
    assert_eq!(
        payloads(&receive(&*queue).await),
        [&b"no key"[..], b"no key", b"one", b"other"]
    );
    assert_eq!(queue.receive(&bulk, 10, Duration::ZERO).await.unwrap().len(), 1);
    assert_depth(world, &fast(), [0, 4, 0]).await;
}

fn keyed(payload: &str) -> Outgoing {
    message(payload).coalescing("photos/cat.jpg")
}
