//! Messages that the broker leaves in a wait queue when their time is over.
use lapin::{
    BasicProperties, Channel,
    options::{
        BasicPublishOptions, ConfirmSelectOptions, QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
    },
    types::{AMQPValue, FieldTable},
};
use minilab_queue::{Outgoing, Queue as _, dead_queue};

use crate::world::{WAIT, World, fast, stranger, until};

/// Out of a wait queue that has forgotten its time they come to where they are waited for, whoever sent them.
pub async fn what_is_stranded_in_a_wait_queue_is_taken_out(url: &str) {
    let world = World::new(url).await;
    let stranger = stranger(url).await;
    forget_time(&world, &stranger).await;
    let delayed = |payload: &'static str| Outgoing::new(fast(), payload).after(WAIT);
    world
        .queue
        .send(vec![delayed("one"), delayed("two")])
        .await
        .unwrap();
    publish(&world, &stranger, "2s.nobody", "strange").await;

    for payload in ["one", "two"] {
        let delivery = world.receive().await;
        assert!(!delivery.redelivered && delivery.payload == payload);
        world.complete(&delivery).await;
    }
    let letter = world.receive_from(&dead_queue()).await;
    assert_eq!(letter.payload, "strange");
    world.complete(&letter).await;
    until("each is counted", async || world.queue.noticed().rescued == 3).await;
    assert_eq!(world.ready().await, 0, "each came once");
}

/// What is young is left where it is, however long there has been something.
pub async fn what_only_waits_stays(url: &str) {
    let world = World::new(url).await;
    for _ in 0..8 {
        world
            .queue
            .send(vec![Outgoing::new(fast(), "waits").after(WAIT)])
            .await
            .unwrap();
        tokio::time::sleep(WAIT / 2).await;
    }
    until("they are counted", async || {
        world.queue.noticed().delayed.is_some_and(|count| count > 0)
    })
    .await;
    for _ in 0..8 {
        let delivery = world.receive().await;
        assert!(!delivery.redelivered);
        world.complete(&delivery).await;
    }
    assert_eq!(world.queue.noticed().rescued, 0);
}

/// Puts a queue that passes nothing on in place of the wait queue.
async fn forget_time(world: &World, stranger: &Channel) {
    let prefix = &world.config.prefix;
    let name = || format!("{prefix}.v1.wait.2s").into();
    stranger
        .queue_delete(name(), QueueDeleteOptions::default())
        .await
        .unwrap();
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let options = QueueDeclareOptions {
        durable: true,
        ..QueueDeclareOptions::default()
    };
    stranger.queue_declare(name(), options, arguments).await.unwrap();
    let (exchange, key) = (format!("{prefix}.retry").into(), "2s.*".into());
    let bound = stranger.queue_bind(
        name(),
        exchange,
        key,
        QueueBindOptions::default(),
        FieldTable::default(),
    );
    bound.await.unwrap();
}

async fn publish(world: &World, stranger: &Channel, key: &str, payload: &str) {
    stranger
        .confirm_select(ConfirmSelectOptions::default())
        .await
        .unwrap();
    let exchange = format!("{}.retry", world.config.prefix).into();
    let (options, properties) = (BasicPublishOptions::default(), BasicProperties::default());
    let published = stranger.basic_publish(exchange, key.into(), options, payload.as_bytes(), properties);
    assert!(published.await.unwrap().await.unwrap().is_ack());
}
