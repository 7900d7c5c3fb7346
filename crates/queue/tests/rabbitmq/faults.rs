//! What happens to the broker happens to all who use it: one after the other.
use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use minilab_queue::{Disposition, Error, Outgoing, Queue as _, Settled};
use minilab_tests::servers::RabbitMq;

use crate::world::{DEADLINE, World, chain, fast, until};

/// Longer than noticing a dead connection takes at this broker's heartbeat of 1 s.
const NOTICED: Duration = Duration::from_secs(15);

/// An operator closes the connections, or a load balancer does.
pub async fn closed_connections_are_made_again(broker: &mut RabbitMq) {
    let world = World::new(&broker.url()).await;
    world.send("held").await;
    let held = world.receive().await;
    control(broker, &["close_all_connections", "for the test"]);
    let settled = world.queue.settle(&held.receipt, Disposition::Complete).await;
    assert_eq!(
        (settled.unwrap(), world.queue.leases_lost()),
        (Settled::LeaseLost, 1)
    );
    assert_eq!(
        world.queue.extend(&held.receipt).await.unwrap(),
        Settled::LeaseLost
    );
    let again = received_again(&world).await;
    assert!(again.redelivered && again.payload == "held");
    world.complete(&again).await;
    sends_again(&world).await;
}

/// What the broker has confirmed, a power cut cannot take.
pub async fn a_killed_broker_keeps_what_it_confirmed(broker: &mut RabbitMq) {
    let world = World::new(&broker.url()).await;
    let payloads: HashSet<String> = (0..300).map(|number| number.to_string()).collect();
    let messages = payloads
        .iter()
        .map(|payload| Outgoing::new(fast(), payload.clone()));
    world.queue.send(messages.collect()).await.unwrap();
    let held = world.receive().await;
    broker.kill();
    until("the loss is noticed", async || {
        let refused = world
            .queue
            .send(vec![Outgoing::new(fast(), "into the void")])
            .await;
        refused.is_err_and(|error| error.is_transient())
    })
    .await;
    let error = world.queue.receive(&fast(), 1, DEADLINE).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
    tokio::task::block_in_place(|| broker.restart()).unwrap();

    let mut seen = HashSet::new();
    while seen.len() < payloads.len() {
        let delivery = received_again(&world).await;
        assert!(
            delivery.redelivered || delivery.payload != held.payload,
            "a delivery that was out is marked"
        );
        world.complete(&delivery).await;
        seen.insert(String::from_utf8(delivery.payload.to_vec()).unwrap());
        seen.remove("into the void");
    }
    assert_eq!(seen, payloads);
    sends_again(&world).await;
}

/// Short of memory, the broker takes nothing: calls fail at once with its reason, and pile up nowhere. It still delivers.
pub async fn a_blocked_broker_refuses_and_still_delivers(broker: &mut RabbitMq) {
    let world = World::new(&broker.url()).await;
    world.send("before").await;
    control(broker, &["set_vm_memory_high_watermark", "0.00001"]);
    // The first to publish makes the broker say so.
    until("it is blocked", async || {
        let refused = world.queue.send(vec![Outgoing::new(fast(), "refused")]).await;
        refused.is_err_and(|error| chain(&error).contains("takes no messages now"))
    })
    .await;
    let started = Instant::now();
    for _ in 0..1000 {
        let refused = world.queue.send(vec![Outgoing::new(fast(), "refused")]).await;
        assert!(matches!(refused, Err(Error::Unavailable { .. })));
    }
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
    // It answers all the same, so that asking for the depth tells nothing.
    world.queue.depth(&fast()).await.unwrap();
    let why = chain(&world.queue.works(&fast()).await.unwrap_err());
    assert!(why.contains("takes no messages now"), "{why}");
    let delivery = world.receive().await;
    let retry = Disposition::Retry {
        payload: "again".into(),
        delay: Duration::ZERO,
    };
    let refused = world.queue.settle(&delivery.receipt, retry).await;
    assert!(refused.unwrap_err().is_transient());
    // It is still ours, to be settled in a way that needs no publishing.
    world.complete(&delivery).await;
    control(broker, &["set_vm_memory_high_watermark", "0.4"]);
    sends_again(&world).await;
    world.queue.works(&fast()).await.unwrap();
}

/// The connection is there and nobody answers: nothing waits for ever.
pub async fn a_frozen_broker_is_noticed(broker: &mut RabbitMq) {
    let world = World::new(&broker.url()).await;
    world.send("before").await;
    broker.freeze().unwrap();
    let started = Instant::now();
    let lane = fast();
    let (sent, received) = futures::join!(
        world.queue.send(vec![Outgoing::new(fast(), "during")]),
        world.queue.receive(&lane, 1, DEADLINE)
    );
    assert!(sent.unwrap_err().is_transient() && received.unwrap_err().is_transient());
    assert!(started.elapsed() < NOTICED, "{:?}", started.elapsed());
    broker.thaw().unwrap();
    sends_again(&world).await;
    assert_eq!(received_again(&world).await.payload, "before");
}

/// The next message, however long the way back takes.
async fn received_again(world: &World) -> minilab_queue::Delivery {
    let started = Instant::now();
    loop {
        match world.queue.receive(&fast(), 1, DEADLINE).await {
            Ok(mut received) => return received.pop().expect("a message comes in time"),
            Err(error) => assert!(
                error.is_transient() && started.elapsed() < DEADLINE,
                "{}",
                chain(&error)
            ),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn sends_again(world: &World) {
    until("it sends again", async || {
        world
            .queue
            .send(vec![Outgoing::new(fast(), "after")])
            .await
            .is_ok()
    })
    .await;
}

fn control(broker: &RabbitMq, arguments: &[&str]) {
    tokio::task::block_in_place(|| broker.rabbitmqctl(arguments)).unwrap();
}
