//! What comes back, when, and how it is marked.
use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures::poll;
use minilab_queue::{Disposition, Error, Outgoing, Queue as _, SqsConfig, dead_queue};
use minilab_tests::servers::Moto;
use serde_json::{Value, json};

use crate::world::{DEADLINE, World, ask, chain, config, fast, service};

/// A message that came for a call that was dropped is not kept from others, nor marked.
pub async fn what_nobody_wants_goes_back_unmarked(moto: &Moto) {
    let (world, other) = pair(moto).await;
    other.send("precious").await;
    abandon(&world).await;
    let delivery = other.receive().await;
    assert!(!delivery.redelivered && delivery.payload == "precious");
    other.complete(&delivery).await;
}

/// The same at once, and nothing is received any more.
pub async fn closing_leaves_nothing_marked(moto: &Moto) {
    let (world, other) = pair(moto).await;
    other.send("precious").await;
    abandon(&world).await;
    world.queue.close().await;
    let delivery = other
        .queue
        .receive(&fast(), 1, Duration::ZERO)
        .await
        .unwrap()
        .pop();
    let delivery = delivery.expect("it is there when the call has answered");
    assert!(!delivery.redelivered && delivery.payload == "precious");
    let error = world.queue.receive(&fast(), 1, DEADLINE).await.unwrap_err();
    assert!(error.is_transient(), "{error}");
}

/// A worker that closes while it waits neither hangs nor keeps what comes after.
pub async fn closing_ends_who_waits(moto: &Moto) {
    let (world, other) = pair(moto).await;
    let queue = Arc::clone(&world.queue);
    let waiting = tokio::spawn(async move { queue.receive(&fast(), 1, DEADLINE).await });
    let started = Instant::now();
    world.queue.close().await;
    assert!(waiting.await.unwrap().is_err());
    assert!(
        started.elapsed() < Duration::from_secs(8),
        "a poll lasts four seconds"
    );
    other.send("for another").await;
    let delivery = other.receive().await;
    assert!(!delivery.redelivered && delivery.payload == "for another");
}

/// A message that is handed out again and again and never settled is given up by SQS, and says so.
pub async fn sqs_gives_up_with_a_reason_what_nobody_ever_settles(moto: &Moto) {
    let world = World::new(moto).await;
    world
        .queue
        .send(vec![Outgoing::new(fast(), "cursed").of_group("acme")])
        .await
        .unwrap();
    let receive = json!({ "QueueUrl": world.url("jobs-fast"), "VisibilityTimeout": 0 });
    for _ in 0..20 {
        let got = ask(moto, "ReceiveMessage", &receive).await;
        assert_eq!(got["Messages"].as_array().map(Vec::len), Some(1), "{got}");
    }
    let none = world.queue.receive(&fast(), 1, Duration::ZERO).await.unwrap();
    assert!(none.is_empty(), "{none:?}");
    let letter = world.receive_from(&dead_queue()).await;
    let reason = letter.reason.clone().unwrap();
    assert!(reason.starts_with("delivery-limit: "), "{reason}");
    assert_eq!(letter.payload, "cursed");
    // It keeps the reason when it is handed back, because who hands it out next cannot tell.
    world
        .settle(
            &letter,
            Disposition::Release {
                delay: Duration::ZERO,
            },
        )
        .await;
    let again = world.receive_from(&dead_queue()).await;
    assert_eq!(
        (again.reason.as_deref(), again.redelivered),
        (Some(&*reason), false)
    );
    world.complete(&again).await;
}

/// Whatever becomes of it.
pub async fn a_message_stays_in_its_group(moto: &Moto) {
    let world = World::new(moto).await;
    let group = async |name: &str| {
        let asked = json!({ "QueueUrl": world.url(name), "VisibilityTimeout": 0,
            "MessageSystemAttributeNames": ["MessageGroupId"] });
        ask(moto, "ReceiveMessage", &asked).await["Messages"][0]["Attributes"]["MessageGroupId"].clone()
    };
    let delay = Duration::ZERO;
    world
        .queue
        .send(vec![Outgoing::new(fast(), "x").of_group("tenant ä")])
        .await
        .unwrap();
    let escaped = Value::from("tenant%20%C3%A4");
    assert_eq!(group("jobs-fast").await, escaped);
    let retry = Disposition::Retry {
        payload: "y".into(),
        delay,
    };
    world.settle(&world.receive().await, retry).await;
    assert_eq!(group("jobs-fast").await, escaped);
    world
        .settle(&world.receive().await, Disposition::Release { delay })
        .await;
    assert_eq!(group("jobs-fast").await, escaped);
    let reject = Disposition::Reject {
        payload: "z".into(),
        reason: "input: for the test".into(),
    };
    world.settle(&world.receive().await, reject).await;
    assert_eq!(group("dead").await, escaped);
}

/// SQS carries no message without a body, and only some characters.
pub async fn what_is_no_text_arrives_unchanged(moto: &Moto) {
    let world = World::new(moto).await;
    let payloads: [&[u8]; 4] = [b"", b"\0\x01", &[0xff, 0xfe], "größer\r\n\t".as_bytes()];
    for payload in payloads {
        world
            .queue
            .send(vec![Outgoing::new(fast(), payload.to_vec())])
            .await
            .unwrap();
        let delivery = world.receive().await;
        assert_eq!(delivery.payload, payload);
        let release = Disposition::Release {
            delay: Duration::ZERO,
        };
        world.settle(&delivery, release).await;
        let again = world.receive().await;
        assert_eq!(again.payload, payload);
        world.complete(&again).await;
    }
}

/// What is longer than SQS can delay is taken all the same, and comes early.
pub async fn a_delay_past_what_sqs_keeps_is_cut(moto: &Moto) {
    let world = World::new(moto).await;
    assert_eq!(world.queue.limits().delay_max, Duration::from_mins(15));
    let hour = Duration::from_hours(1);
    world
        .queue
        .send(vec![Outgoing::new(fast(), "later").after(hour)])
        .await
        .unwrap();
    let depth = world.queue.depth(&fast()).await.unwrap();
    assert_eq!((depth.ready, depth.delayed), (0, Some(1)));
}

/// The queue goes under who uses it: everybody hears of it, with the fix.
pub async fn a_deleted_queue_is_told_with_the_fix(moto: &Moto) {
    let world = World::new(moto).await;
    ask(
        moto,
        "DeleteQueue",
        &json!({ "QueueUrl": world.url("jobs-fast") }),
    )
    .await;
    let errors = [
        world
            .queue
            .send(vec![Outgoing::new(fast(), "x")])
            .await
            .unwrap_err(),
        world.queue.receive(&fast(), 1, Duration::ZERO).await.unwrap_err(),
        world.queue.receive(&fast(), 1, DEADLINE).await.unwrap_err(),
        world.queue.depth(&fast()).await.unwrap_err(),
    ];
    for error in errors {
        let told = chain(&error);
        assert!(
            matches!(error, Error::Unusable { .. }) && told.contains("minilab topology apply"),
            "{told}"
        );
    }
}

/// More messages than a batch or a poll has, received by several at a time.
pub async fn five_hundred_messages_reach_four_receivers_once_each(moto: &Moto) {
    const MESSAGES: usize = 500;
    // None of them is lost on a busy machine.
    let config = SqsConfig {
        lease: DEADLINE,
        ..config(service(moto))
    };
    let world = Arc::new(World::with(config).await);
    let started = Instant::now();
    for number in 0..50 {
        world.send(&number.to_string()).await;
    }
    let singly = per_second(50, started);
    let started = Instant::now();
    let batch = (50..MESSAGES).map(|number| Outgoing::new(fast(), number.to_string()));
    world.queue.send(batch.collect()).await.unwrap();
    let together = per_second(MESSAGES - 50, started);
    let started = Instant::now();
    let left = Arc::new(AtomicUsize::new(MESSAGES));
    let receivers: Vec<_> = (0..4)
        .map(|_| tokio::spawn(drain(Arc::clone(&world), Arc::clone(&left))))
        .collect();
    let mut seen = Vec::new();
    for receiver in receivers {
        seen.extend(receiver.await.unwrap());
    }
    println!(
        "sends per second: {singly:.0} one by one, {together:.0} in one call; received and completed: {:.0}",
        per_second(MESSAGES, started)
    );
    let distinct: HashSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (MESSAGES, MESSAGES));
    assert_eq!(world.queue.depth(&fast()).await.unwrap().known(), 0);
}

/// Receives until all are done with, by whomever.
async fn drain(world: Arc<World>, left: Arc<AtomicUsize>) -> Vec<bytes::Bytes> {
    let (mut seen, started) = (Vec::new(), Instant::now());
    while left.load(Ordering::Relaxed) > 0 {
        assert!(started.elapsed() < DEADLINE, "they do not come");
        for delivery in world
            .queue
            .receive(&fast(), 10, Duration::from_secs(1))
            .await
            .unwrap()
        {
            assert!(!delivery.redelivered);
            world.complete(&delivery).await;
            left.fetch_sub(1, Ordering::Relaxed);
            seen.push(delivery.payload);
        }
    }
    seen
}

fn per_second(count: usize, since: Instant) -> f64 {
    count as f64 / since.elapsed().as_secs_f64()
}

/// Two processes of one fleet.
async fn pair(moto: &Moto) -> (Arc<World>, World) {
    let world = World::new(moto).await;
    let other = world.beside().await;
    (Arc::new(world), other)
}

/// Has `world` take a message of which no call of its own knows any more.
async fn abandon(world: &World) {
    let queue = fast();
    let mut receiving = Box::pin(world.queue.receive(&queue, 1, DEADLINE));
    assert!(
        poll!(&mut receiving).is_pending(),
        "it has to ask the service first"
    );
}
