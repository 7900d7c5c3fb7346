//! Users, bad weather and a reader at the same time; then calm, one reconcile pass, one sweep, and the comparison.
//!
//! `make storm` runs a longer one. `MINILAB_STORM=operations:seed` names another.
mod figures;
mod fleet;
mod lines;
pub mod operations;
mod trouble;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use minilab_tests::servers::RabbitMqOptions;
use tokio_util::sync::CancellationToken;

use self::{
    figures::Figures,
    fleet::Fleet,
    lines::Lines,
    operations::{Done, Users},
    trouble::{Trouble, Weather},
};
use crate::{
    broker::Kind,
    comparison::{Comparison, compare},
    dice::Dice,
    pictures::Pictures,
    reader::{Reader, Seen},
    world::is_possible_on,
};

const VARIABLE: &str = "MINILAB_STORM";
const OPERATIONS_USUAL: u64 = 250;
const KEYS: u64 = 40;
const WORKERS: usize = 3;
const DISPATCHERS: usize = 2;
/// Between two operations: about what two cores can follow.
const PAUSE: Duration = Duration::from_millis(160);
/// Connections that are silent for twice as long are given up.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// A delivery may be held no longer.
const CONSUMER_TIMEOUT: Duration = Duration::from_secs(10);
/// More than all waits between attempts together, and what is left to do.
const REST_WITHIN: Duration = Duration::from_mins(5);
/// So many more operations may take as long again.
const REST_OPERATIONS: u64 = 500;
/// Short waits, so that what failed is tried again within the storm.
const WAITS: &str = ", lease: 6s, waits: [1s, 2s, 3s, 5s, 8s]";

/// How many operations, and the seed of all dice.
fn asked() -> (u64, u64) {
    let Ok(asked) = std::env::var(VARIABLE) else {
        return (OPERATIONS_USUAL, 1);
    };
    let parsed = asked
        .split_once(':')
        .and_then(|(operations, seed)| Some((operations.parse().ok()?, seed.parse().ok()?)));
    parsed.unwrap_or_else(|| panic!("{VARIABLE}={asked:?} is not `operations:seed`"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_everything_is_what_was_uploaded() {
    storm(Kind::RabbitMq(RabbitMqOptions {
        heartbeat: Some(HEARTBEAT),
        consumer_timeout: Some(CONSUMER_TIMEOUT),
        ..RabbitMqOptions::default()
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_storm_over_sqs_everything_is_what_was_uploaded() {
    storm(Kind::Sqs).await;
}

async fn storm(kind: Kind) {
    if !is_possible_on(&kind) {
        return;
    }
    let (operations, seed) = asked();
    // The emulator of SQS is slower than the users, so a long storm leaves much to do.
    let rest_within = REST_WITHIN * (1 + u32::try_from(operations / REST_OPERATIONS).unwrap());
    println!("a storm of {operations} operations over {kind:?}, seed {seed}");
    let dice = Arc::new(Dice::new(seed, 0));
    let pictures = Arc::new(tokio::task::spawn_blocking(Pictures::cut).await.unwrap());
    let mut lines = Lines::new(kind).await;
    let options = lines.options(WAITS);
    let world = Arc::new(lines.world(&options).await);

    let dispatchers: Vec<_> = (0..DISPATCHERS)
        .map(|number| world.dispatcher(&format!("dispatcher-{number}")))
        .collect();
    let workers = (0..WORKERS)
        .map(|number| world.worker(&format!("worker-{number}"), &["--slots", "2"]))
        .collect();
    let mut fleet = Fleet::start(workers, dispatchers.iter().map(|d| d.role.clone()).collect());
    fleet.whole().await;

    let (seen, done) = (Arc::new(Mutex::new(Seen::default())), Arc::new(Done::default()));
    let over = CancellationToken::new();
    let reader = Reader {
        output: Arc::clone(&world.media),
        ledger: Arc::clone(&world.ledger),
        pictures: Arc::clone(&pictures),
        seen: Arc::clone(&seen),
    };
    let reading = tokio::spawn(reader.run(over.clone()));
    let users = Users {
        world: Arc::clone(&world),
        pictures: Arc::clone(&pictures),
        dispatchers,
        dice: Arc::new(Dice::new(seed, 1)),
        done: Arc::clone(&done),
        keys: KEYS,
    };
    let mut weather = Weather::new(Arc::clone(&world), lines, dice);
    let had_all = CancellationToken::new();
    let acting = tokio::spawn(users.run(operations, PAUSE, had_all.clone()));
    let acting = async { acting.await.unwrap() };
    weather.rage(&mut fleet, &had_all, acting).await;

    fleet.whole().await;
    world.at_rest(rest_within).await;
    let lost = compare(&*world.media, &world.ledger, &pictures).await;
    // One pass finds what no event told of.
    world
        .operate(&["reconcile", "--config", "minilab.yaml", "--full"])
        .await
        .unwrap();
    world.at_rest(rest_within).await;
    over.cancel();
    reading.await.unwrap();

    let figures = Figures::of(&fleet, &done, &weather.hits, &seen.lock().unwrap());
    fleet.end().await;
    let dead = world.dead().await;
    world.configure(&options, "swept.yaml", "1s");
    world
        .operate(&["sweep", "--config", "swept.yaml", "--full", "--allow"])
        .await
        .unwrap();
    let Comparison { counts, complaints } = compare(&*world.media, &world.ledger, &pictures).await;
    println!(
        "{counts} dead letters {}, seed {seed}\n{figures}\nbefore the reconcile pass: {}",
        dead.len(),
        lost.counts
    );
    let seen = seen.lock().unwrap();
    assert!(complaints.is_empty(), "{counts}\n{}", complaints.join("\n"));
    assert_eq!(seen.mixed, [] as [String; 0]);
    assert_eq!(seen.dangling, [] as [String; 0]);
    assert_eq!(seen.reverted, [] as [String; 0]);
    assert!(dead.is_empty(), "{dead:#?}");
    figures.assert_everything_hit(&Trouble::all(&world.broker));
}
