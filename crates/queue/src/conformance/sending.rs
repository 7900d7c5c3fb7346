//! What `send` promises.
use std::time::Duration;

use bytes::Bytes;

use super::{
    World, assert_empty, assert_nothing_due, fast, lane, message, payloads, receive, receive_one, send,
};
use crate::{Error, Outgoing};

/// At least once: everything accepted is handed out.
pub async fn what_was_sent_is_delivered(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["a", "b", "c"]).await;
    let deliveries = receive(&*queue).await;
    assert_eq!(payloads(&deliveries), [b"a", b"b", b"c"]);
    assert!(
        deliveries
            .iter()
            .all(|d| !d.redelivered && d.queue == fast() && d.lease == queue.limits().lease)
    );
}

/// One message that is refused, and none is taken.
pub async fn a_send_is_all_or_nothing(world: &dyn World) {
    let queue = world.queue();
    let oversized = Bytes::from(vec![0; queue.limits().payload_bytes_max + 1]);
    let messages = vec![
        message("fits"),
        Outgoing::new(fast(), oversized),
        message("fits too"),
    ];
    let error = queue.send(messages).await.expect_err("the second is too large");
    assert!(
        matches!(error, Error::Refused { .. }) && !error.is_transient(),
        "{error}"
    );
    assert_empty(world, &fast()).await;
}

/// The largest payload, with every byte there is.
pub async fn a_payload_at_the_limit_arrives_unchanged(world: &dyn World) {
    let queue = world.queue();
    let payload: Bytes = (0..=u8::MAX)
        .cycle()
        .take(queue.limits().payload_bytes_max)
        .collect();
    queue
        .send(vec![Outgoing::new(fast(), payload.clone())])
        .await
        .unwrap();
    assert!(receive_one(world).await.payload == payload);
}

/// Not before its delay, but then.
pub async fn a_delayed_message_is_not_delivered_before(world: &dyn World) {
    let queue = world.queue();
    queue
        .send(vec![message("later").after(world.delay())])
        .await
        .unwrap();
    world.advance(world.delay() * 9 / 10).await;
    assert_nothing_due(&*queue).await;
    world.advance(world.delay() / 10).await;
    assert!(!receive_one(world).await.redelivered);
}

/// A queue neither sees nor waits for another's messages.
pub async fn queues_are_independent(world: &dyn World) {
    let queue = world.queue();
    let bulk = lane("bulk");
    queue
        .send(vec![Outgoing::new(bulk.clone(), "thumbnails can wait")])
        .await
        .unwrap();
    assert_nothing_due(&*queue).await;
    send(&*queue, &["now"]).await;
    assert_eq!(receive_one(world).await.payload, "now");
    let deliveries = queue.receive(&bulk, 10, Duration::ZERO).await.unwrap();
    assert_eq!(payloads(&deliveries), [b"thumbnails can wait"]);
    assert_eq!(deliveries[0].queue, bulk);
}
