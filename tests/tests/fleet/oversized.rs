//! A broker takes longer messages than we send: what somebody else has put there and nobody can read becomes a dead letter.
use std::time::{Duration, Instant};

use crate::{
    events::Exchange,
    ledger::Upload,
    pictures::Pictures,
    world::{Options, World, is_possible},
};

/// More than we ever put into a message (256 KiB).
const BYTES: usize = 300 * 1024;
const RECORDED_WITHIN: Duration = Duration::from_mins(1);
const REST_WITHIN: Duration = Duration::from_mins(1);
const ENDS_WITHIN: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_are_too_long_for_us_become_dead_letters_and_stop_nobody() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let (dispatcher, worker) = (world.dispatcher("dispatcher").role, world.worker("worker", &[]));
    let (mut dispatching, mut working) = (dispatcher.start(), worker.start());
    dispatching.ready().await;
    working.ready().await;
    let url = world.broker.rabbitmq().url();
    let exchange = Exchange::open(&url).await.unwrap();
    // One record is kept of equal bytes.
    exchange.publish(&vec![b'e'; BYTES]).await.unwrap();
    exchange
        .publish_to("", "minilab.v1.jobs.fast", &vec![b'j'; BYTES])
        .await
        .unwrap();

    let begun = Instant::now();
    let dead = loop {
        let dead = world.dead().await;
        if dead.len() == 2 {
            break dead;
        }
        assert!(begun.elapsed() < RECORDED_WITHIN, "{dead:#?}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    };
    let reasons: Vec<_> = dead.iter().map(ToString::to_string).collect();
    for reason in ["events: ", "envelope: "] {
        assert!(reasons.iter().any(|told| told.contains(reason)), "{reasons:#?}");
    }
    let told = world
        .upload(
            &pictures,
            "a.jpg",
            Upload {
                number: 0,
                picture: 0,
            },
        )
        .await;
    exchange.publish(&told).await.unwrap();
    world
        .manifest("a.jpg", |manifest| manifest["status"] == "complete")
        .await;
    world.at_rest(REST_WITHIN).await;
    for process in [working, dispatching] {
        let (status, _) = process.terminate(ENDS_WITHIN).await.unwrap();
        assert!(status.success(), "{status}");
    }
}
