//! What `depth` counts, and that a broker works.

use super::{World, assert_depth, assert_empty, bytes, fast, lane, message, receive_one, send};
use crate::{Disposition, dead_queue};

/// Ready, leased and delayed; of one queue, which the dead have left.
pub async fn depth_counts_each_state(world: &dyn World) {
    let queue = world.queue();
    for _ in 0..2 {
        send(&*queue, &["dead"]).await;
        let reject = Disposition::Reject {
            payload: bytes("dead"),
            reason: "input: for the test".into(),
        };
        queue
            .settle(&receive_one(world).await.receipt, reject)
            .await
            .unwrap();
    }
    send(&*queue, &["leased"]).await;
    receive_one(world).await;
    send(&*queue, &["ready", "ready", "ready"]).await;
    queue
        .send(vec![message("delayed").after(world.delay())])
        .await
        .unwrap();

    assert_depth(world, &fast(), [3, 1, 1]).await;
    assert_depth(world, &dead_queue(), [2, 0, 0]).await;
    assert_empty(world, &lane("bulk")).await;
}

/// Time alone moves messages between the counts.
pub async fn depth_counts_an_expired_lease_as_ready(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["abandoned"]).await;
    let delivery = receive_one(world).await;
    world.advance(delivery.lease).await;
    assert_depth(world, &fast(), [1, 0, 0]).await;
}

/// No receiver could have it, so it is no reason to start one.
pub async fn depth_counts_a_held_back_message_as_delayed(world: &dyn World) {
    let queue = world.queue();
    queue
        .send(vec![message("first").coalescing("key")])
        .await
        .unwrap();
    let first = receive_one(world).await;
    queue
        .send(vec![message("second").coalescing("key")])
        .await
        .unwrap();
    assert_depth(world, &fast(), [0, 1, 1]).await;
    queue.settle(&first.receipt, Disposition::Complete).await.unwrap();
    assert_depth(world, &fast(), [1, 0, 0]).await;
}

/// And it is as full as before.
pub async fn a_broker_that_takes_messages_works(world: &dyn World) {
    let queue = world.queue();
    queue.works(&fast()).await.expect("it is there");
    send(&*queue, &["one"]).await;
    queue.works(&fast()).await.expect("it is there");
    assert_depth(world, &fast(), [1, 0, 0]).await;
}
