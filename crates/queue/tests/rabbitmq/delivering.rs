//! What comes back, when, and how it is marked.
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use lapin::{
    options::{QueueDeclareOptions, QueueDeleteOptions},
    types::FieldTable,
};
use minilab_queue::{
    Disposition, Outgoing, Queue as _, RabbitMqConfig, Settled, dead_queue, rabbitmq::topology,
};
use minilab_tests::servers::RabbitMq;

use crate::world::{DEADLINE, WAIT, World, chain, config, fast, stranger, until};

/// As long as the wait, not much longer, and back in its own queue.
pub async fn a_delay_is_rounded_up_and_kept(url: &str) {
    let world = World::new(url).await;
    let started = Instant::now();
    let delayed = Outgoing::new(fast(), "later").after(WAIT / 2);
    world.queue.send(vec![delayed]).await.unwrap();
    let first = world.receive().await;
    let waited = started.elapsed();
    assert!(waited >= WAIT && waited < WAIT * 5, "{waited:?}");
    assert!(!first.redelivered && first.queue == fast());

    // A delay longer than any wait is kept for as long as can be.
    let started = Instant::now();
    world
        .settle(&first, Disposition::Release { delay: WAIT * 1000 })
        .await;
    let again = world.receive().await;
    let waited = started.elapsed();
    assert!(waited >= WAIT && waited < WAIT * 5, "{waited:?}");
    assert!(!again.redelivered && again.payload == "later");
}

/// A message that nobody ever settles is given up by the broker, and says so also after a retry that expired in a wait queue.
pub async fn the_brokers_limit_gives_a_message_up_with_a_reason(broker: &RabbitMq) {
    let lease = Duration::from_millis(500);
    let config = RabbitMqConfig {
        lease,
        ..config(&broker.url())
    };
    let (policy, pattern) = (config.prefix.clone(), format!("^{}.v1.jobs.fast$", config.prefix));
    let world = World::with(config).await;
    let limit = ["set_policy", &policy, &pattern, r#"{"delivery-limit":1}"#];
    tokio::task::block_in_place(|| broker.rabbitmqctl(&limit)).unwrap();
    world.send("cursed").await;
    let retry = Disposition::Retry {
        payload: "cursed again".into(),
        delay: WAIT,
    };
    world.settle(&world.receive().await, retry).await;
    for redelivered in [false, true] {
        assert_eq!(world.receive().await.redelivered, redelivered);
    }
    let letter = world.receive_from(&dead_queue()).await;
    let reason = letter.reason.clone().unwrap();
    assert!(
        reason.starts_with("delivery-limit: ") && reason.contains("jobs.fast"),
        "{reason}"
    );
    assert_eq!(letter.payload, "cursed again");
    world.complete(&letter).await;
    assert_eq!(world.queue.leases_lost(), 0, "nobody tried to settle");
}

/// A message that came for a call that was dropped is not kept from others, nor marked.
pub async fn what_nobody_wants_goes_back_unmarked(url: &str) {
    let (world, other) = pair(url).await;
    hold(&world, &other).await;
    let delivery = other.receive().await;
    assert!(!delivery.redelivered && delivery.payload == "precious");
    other.complete(&delivery).await;
}

/// The same at once, and nothing is received any more.
pub async fn closing_leaves_nothing_marked(url: &str) {
    let (world, other) = pair(url).await;
    hold(&world, &other).await;
    let started = Instant::now();
    world.queue.close().await;
    assert!(
        started.elapsed() < Duration::from_millis(900),
        "it did not wait for the lingering to end"
    );
    let delivery = other
        .queue
        .receive(&fast(), 1, Duration::ZERO)
        .await
        .unwrap()
        .pop()
        .expect("it is there when the call has answered");
    assert!(!delivery.redelivered && delivery.payload == "precious");
    assert!(
        world
            .queue
            .receive(&fast(), 1, DEADLINE)
            .await
            .unwrap_err()
            .is_transient()
    );
}

/// A worker that ends after it has closed has settled what it settled: nothing comes again.
pub async fn what_was_settled_before_closing_never_comes_again(url: &str) {
    let (world, other) = pair(url).await;
    for _ in 0..40 {
        world.send("done with").await;
    }
    for _ in 0..40 {
        let delivery = world.receive().await;
        world.complete(&delivery).await;
    }
    world.queue.close().await;
    drop(world);
    let again = other
        .queue
        .receive(&fast(), 40, Duration::from_secs(2))
        .await
        .unwrap();
    assert!(again.is_empty(), "{again:?}");
}

/// A worker that closes while it waits neither hangs nor keeps its consumers.
pub async fn closing_ends_who_waits(url: &str) {
    let (world, other) = pair(url).await;
    let waiting = waiting(&world);
    listening(&other).await;
    world.queue.close().await;
    assert!(waiting.await.unwrap().is_err());
    other.send("for another").await;
    assert_eq!(other.receive().await.payload, "for another");
}

/// The queue is gone under a consumer: whoever waits hears of it, and all is well when the queue is back.
pub async fn a_cancelled_consumer_is_started_again(url: &str) {
    let world = Arc::new(World::new(url).await);
    let waiting = waiting(&world);
    listening(&world).await;
    let stranger = stranger(url).await;
    let (queue, options) = (world.lane("fast"), QueueDeleteOptions::default());
    stranger
        .queue_delete(queue.as_str().into(), options)
        .await
        .unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert!(
        error.is_transient() && chain(&error).contains("deleted"),
        "{}",
        chain(&error)
    );
    let error = world.queue.receive(&fast(), 1, DEADLINE).await.unwrap_err();
    assert!(error.is_transient(), "{error}");

    let missing = topology::apply(&world.config).await.unwrap();
    assert_eq!(
        missing.iter().map(|found| &*found.name).collect::<Vec<_>>(),
        [queue]
    );
    world.send("after").await;
    let delivery = world.receive().await;
    assert!(!delivery.redelivered);
    world.complete(&delivery).await;
}

/// A lease that is kept is kept, but not past what the broker grants a delivery; others go on.
pub async fn a_delivery_held_too_long_takes_no_other_along(url: &str) {
    let world = World::new(url).await;
    world.send("stuck").await;
    let stuck = world.receive().await;
    until("the broker takes it back", async || {
        world.queue.extend(&stuck.receipt).await.unwrap() == Settled::LeaseLost
    })
    .await;
    world.send("innocent").await;
    let (one, two) = (world.receive().await, world.receive().await);
    let (stuck_again, innocent) = if one.payload == "stuck" {
        (one, two)
    } else {
        (two, one)
    };
    assert!(stuck_again.redelivered && !innocent.redelivered);
    world.complete(&innocent).await;
    world.complete(&stuck_again).await;
    let late = world.queue.settle(&stuck.receipt, Disposition::Complete).await;
    assert_eq!(
        (late.unwrap(), world.queue.leases_lost()),
        (Settled::LeaseLost, 1)
    );
}

/// Two processes of one fleet.
async fn pair(url: &str) -> (Arc<World>, World) {
    let world = World::new(url).await;
    let other = World::with(world.config.clone()).await;
    (Arc::new(world), other)
}

fn waiting(
    world: &Arc<World>,
) -> tokio::task::JoinHandle<Result<Vec<minilab_queue::Delivery>, minilab_queue::Error>> {
    let queue = Arc::clone(&world.queue);
    tokio::spawn(async move { queue.receive(&fast(), 1, DEADLINE).await })
}

/// Somebody's consumer is there.
async fn listening(world: &World) {
    let stranger = stranger(&world.config.url).await;
    until("somebody consumes", async || {
        let options = QueueDeclareOptions {
            passive: true,
            ..QueueDeclareOptions::default()
        };
        let declared =
            stranger.queue_declare(world.lane("fast").as_str().into(), options, FieldTable::default());
        declared.await.unwrap().consumer_count() > 0
    })
    .await;
}

/// Has `world` hold a message of which no call of its own knows any more.
async fn hold(world: &Arc<World>, other: &World) {
    let waiting = waiting(world);
    listening(other).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    other.send("precious").await;
    until("it is held", async || other.ready().await == 0).await;
}
