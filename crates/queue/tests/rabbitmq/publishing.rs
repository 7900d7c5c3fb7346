//! What a send is worth.
use std::{
    collections::HashSet,
    sync::Arc,
    time::{Duration, Instant},
};

use lapin::{options::QueueBindOptions, types::FieldTable};
use minilab_queue::{Disposition, Error, Outgoing, Queue as _, QueueName};
use minilab_tests::servers::RabbitMq;

use crate::world::{DEADLINE, World, chain, fast, stranger, until};

/// The broker acknowledges a message that went nowhere.
pub async fn an_unroutable_message_is_an_error(url: &str) {
    let world = World::new(url).await;
    let (queue, exchange) = (world.lane("fast"), format!("{}.jobs", world.config.prefix));
    let stranger = stranger(url).await;
    let key = || "fast".into();
    stranger
        .queue_unbind(
            queue.as_str().into(),
            exchange.as_str().into(),
            key(),
            FieldTable::default(),
        )
        .await
        .unwrap();
    // The lost one last: an error says nothing of what the broker has yet to see.
    let lost = vec![Outgoing::new(lane("bulk"), "arrives"), message("lost")];
    let error = world.queue.send(lost).await.unwrap_err();
    assert!(
        error.is_transient() && chain(&error).contains("topology apply"),
        "{}",
        chain(&error)
    );

    let (options, arguments) = (QueueBindOptions::default(), FieldTable::default());
    stranger
        .queue_bind(
            queue.as_str().into(),
            exchange.as_str().into(),
            key(),
            options,
            arguments,
        )
        .await
        .unwrap();
    world.send("found").await;
    assert_eq!(world.receive().await.payload, "found");
}

/// A queue that is full says so, keeps what it has taken, and takes more when there is room.
pub async fn a_full_queue_refuses_and_loses_nothing(broker: &RabbitMq) {
    let world = World::new(&broker.url()).await;
    let (policy, pattern) = (
        &world.config.prefix,
        format!("^{}.v1.jobs.fast$", world.config.prefix),
    );
    control(broker, &["set_policy", policy, &pattern, r#"{"max-length":3}"#]);
    let mut accepted = HashSet::new();
    let refused = loop {
        let payload = accepted.len().to_string();
        match world.queue.send(vec![message(&payload)]).await {
            Ok(()) => accepted.insert(payload),
            Err(error) => break error,
        };
        assert!(accepted.len() < 1000, "a full queue takes everything");
    };
    assert!(
        refused.is_transient() && chain(&refused).contains("full"),
        "{}",
        chain(&refused)
    );

    while let Some(delivery) = world
        .queue
        .receive(&fast(), 1, Duration::ZERO)
        .await
        .unwrap()
        .pop()
    {
        accepted.remove(std::str::from_utf8(&delivery.payload).unwrap());
        world.complete(&delivery).await;
    }
    assert!(accepted.is_empty(), "lost: {accepted:?}");
    until("there is room again", async || {
        world.queue.send(vec![message("more")]).await.is_ok()
    })
    .await;
    control(broker, &["clear_policy", policy]);
}

pub async fn a_queue_that_is_not_there_is_refused(url: &str) {
    let world = World::new(url).await;
    let other = lane("other");
    let refused = [
        world
            .queue
            .send(vec![Outgoing::new(other.clone(), "x")])
            .await
            .unwrap_err(),
        world.queue.receive(&other, 1, Duration::ZERO).await.unwrap_err(),
        world.queue.depth(&other).await.unwrap_err(),
    ];
    for error in refused {
        assert!(matches!(error, Error::Refused { .. }), "{error}");
    }
}

/// More messages than may be unconfirmed at a time, received by several at a time.
pub async fn a_thousand_messages_reach_four_receivers_once_each(url: &str) {
    const MESSAGES: usize = 1000;
    let world = Arc::new(World::new(url).await);
    let started = Instant::now();
    let (singly, together) = (200, MESSAGES - 200);
    for number in 0..singly {
        world.send(&number.to_string()).await;
    }
    let one_by_one = per_second(singly, started);
    let started = Instant::now();
    let batch = (singly..MESSAGES).map(|number| message(&number.to_string()));
    world.queue.send(batch.collect()).await.unwrap();
    let windowed = per_second(together, started);
    assert_eq!(world.ready().await, MESSAGES as u64);

    let started = Instant::now();
    let receivers = (0..4).map(|_| tokio::spawn(drain(Arc::clone(&world))));
    let mut seen = Vec::new();
    for receiver in receivers.collect::<Vec<_>>() {
        seen.extend(receiver.await.unwrap());
    }
    println!(
        "sends per second: {one_by_one:.0} one by one, {windowed:.0} in one call; received and completed: {:.0}",
        per_second(MESSAGES, started)
    );
    let distinct: HashSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (MESSAGES, MESSAGES));
    until("nothing is left", async || world.ready().await == 0).await;
}

async fn drain(world: Arc<World>) -> Vec<bytes::Bytes> {
    let mut seen = Vec::new();
    loop {
        let received = world
            .queue
            .receive(&fast(), 1, Duration::from_secs(2))
            .await
            .unwrap();
        let Some(delivery) = received.into_iter().next() else {
            return seen;
        };
        assert!(!delivery.redelivered);
        world.settle(&delivery, Disposition::Complete).await;
        seen.push(delivery.payload);
    }
}

fn per_second(count: usize, since: Instant) -> f64 {
    let took = since.elapsed();
    assert!(took < DEADLINE, "{took:?}");
    count as f64 / took.as_secs_f64()
}

fn message(payload: &str) -> Outgoing {
    Outgoing::new(fast(), payload.to_owned())
}

fn lane(name: &str) -> QueueName {
    QueueName::new(name).unwrap()
}

fn control(broker: &RabbitMq, arguments: &[&str]) {
    tokio::task::block_in_place(|| broker.rabbitmqctl(arguments)).unwrap();
}
