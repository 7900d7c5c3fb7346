//! What `receive` promises.
use std::{collections::HashSet, sync::Arc, time::Duration};

use super::{LONG, World, advance_until_done, assert_nothing_due, fast, message, receive, receive_one, send};
use crate::{Delivery, Disposition, Queue, Settled};

/// No more than asked for, however much waits; none when none is asked for.
pub async fn receive_hands_out_at_most_max(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["a", "b", "c"]).await;
    assert_eq!(queue.receive(&fast(), 0, LONG).await.unwrap().len(), 0);
    assert_eq!(queue.receive(&fast(), 2, Duration::ZERO).await.unwrap().len(), 2);
    assert_eq!(receive(&*queue).await.len(), 1);
}

/// An empty answer is not an error.
pub async fn receive_answers_empty_when_its_wait_is_over(world: &dyn World) {
    let answer = advance_until_done(world, waiting(&world.queue(), Duration::from_secs(5))).await;
    assert!(answer.is_empty());
}

/// A message for who waits is handed over at once.
pub async fn a_waiting_receive_is_woken_by_a_send(world: &dyn World) {
    let queue = world.queue();
    let answer = waiting(&queue, LONG);
    tokio::task::yield_now().await;
    send(&*queue, &["hello"]).await;
    // No time passes in a broker whose time stands still, so only the send can have woken it.
    assert_eq!(answer.await.unwrap()[0].payload, "hello");
}

/// As above, by time.
pub async fn a_waiting_receive_is_woken_when_a_delay_ends(world: &dyn World) {
    let queue = world.queue();
    queue
        .send(vec![message("later").after(world.delay())])
        .await
        .unwrap();
    let answer = advance_until_done(world, waiting(&queue, LONG)).await;
    assert_eq!(answer[0].payload, "later");
}

/// As above, by somebody's failure.
pub async fn a_waiting_receive_is_woken_when_a_lease_ends(world: &dyn World) {
    let queue = world.queue();
    send(&*queue, &["abandoned"]).await;
    receive_one(world).await;
    let answer = advance_until_done(world, waiting(&queue, LONG)).await;
    assert!(answer[0].redelivered);
}

/// Whenever a receive is dropped, what it may have taken is due again after a lease at the latest.
pub async fn a_dropped_receive_loses_nothing(world: &dyn World) {
    let queue = world.queue();
    for yields in 0..20 {
        let answer = waiting(&queue, LONG);
        send(&*queue, &["precious"]).await;
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        answer.abort();
        let delivery = match answer.await {
            Ok(mut received) => received.remove(0),
            Err(_) => advance_until_done(world, waiting(&queue, LONG)).await.remove(0),
        };
        assert_eq!(
            queue
                .settle(&delivery.receipt, Disposition::Complete)
                .await
                .unwrap(),
            Settled::Done
        );
        assert_nothing_due(&*queue).await;
    }
}

/// Each message is leased to one receiver.
pub async fn concurrent_receivers_never_share_a_message(world: &dyn World) {
    const MESSAGES: usize = 60;
    let queue = world.queue();
    queue
        .send((0..MESSAGES).map(|n| message(&n.to_string())).collect())
        .await
        .unwrap();
    let drain = |queue: Arc<dyn Queue>| async move {
        let mut all = Vec::new();
        loop {
            let some = queue.receive(&fast(), 3, Duration::ZERO).await.unwrap();
            if some.is_empty() {
                return all;
            }
            all.extend(some);
        }
    };
    let receivers: Vec<_> = (0..4).map(|_| tokio::spawn(drain(Arc::clone(&queue)))).collect();
    let mut deliveries = Vec::new();
    for receiver in receivers {
        deliveries.extend(receiver.await.unwrap());
    }
    let distinct: HashSet<_> = deliveries.iter().map(|d| d.payload.clone()).collect();
    assert_eq!((deliveries.len(), distinct.len()), (MESSAGES, MESSAGES));
}

fn waiting(queue: &Arc<dyn Queue>, wait: Duration) -> tokio::task::JoinHandle<Vec<Delivery>> {
    let queue = Arc::clone(queue);
    tokio::spawn(async move {
        queue
            .receive(&fast(), 1, wait)
            .await
            .expect("the broker hands out")
    })
}
