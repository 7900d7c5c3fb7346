//! An upload and what a bucket says of it become a complete manifest, whichever way the news takes; a deletion a tombstone.
use std::time::{Duration, Instant};

use serde_json::json;

use crate::{
    comparison::compare,
    events,
    ledger::Upload,
    pictures::Pictures,
    world::{Options, TOKEN, World, is_possible},
};

const REST_WITHIN: Duration = Duration::from_mins(2);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_becomes_a_complete_manifest_whoever_tells_of_it() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let dispatcher = world.dispatcher("dispatcher");
    let worker = world.worker("worker", &["--slots", "2"]);
    let (mut dispatching, mut working) = (dispatcher.role.start(), worker.start());
    dispatching.ready().await;
    working.ready().await;

    let upload = |number| Upload {
        number,
        picture: number as usize,
    };
    let told = world.upload(&pictures, "by the exchange+1.jpg", upload(1)).await;
    world.producer().await.publish(&told).await.unwrap();
    let told = world.upload(&pictures, "webhook/ü.jpg", upload(2)).await;
    events::post(dispatcher.webhook, TOKEN, &told).await.unwrap();
    for key in ["by the exchange+1.jpg", "webhook/ü.jpg"] {
        world
            .manifest(key, |manifest| manifest["status"] == "complete")
            .await;
    }
    let told = world.delete("webhook/ü.jpg").await;
    events::post(dispatcher.webhook, TOKEN, &told).await.unwrap();
    let gone = world
        .manifest("webhook/ü.jpg", |manifest| manifest["status"] == "deleted")
        .await;
    assert_eq!(gone["derivatives"], json!({}));

    // Nobody tells of this one: an operator's pass finds it.
    world.upload(&pictures, "by hand.jpg", upload(3)).await;
    world
        .operate(&["reconcile", "--config", "minilab.yaml"])
        .await
        .unwrap();
    world
        .manifest("by hand.jpg", |manifest| manifest["status"] == "complete")
        .await;
    world.at_rest(REST_WITHIN).await;
    let compared = compare(&*world.media, &world.ledger, &pictures).await;
    // Files of the deleted original stay for their time of grace.
    let left = pictures.files(2).len() as u64;
    assert_eq!(compared.counts.orphaned, left, "{:#?}", compared.complaints);
    assert_eq!(
        compared.complaints.len() as u64,
        left,
        "{:#?}",
        compared.complaints
    );
    assert!(world.dead().await.is_empty());
}

/// A store without notifications: what is in the bucket is compared with what is recorded, again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dispatcher_that_lists_the_bucket_finds_uploads_overwrites_and_deletions_that_nobody_tells_of() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    world.poll_instead("polling.yaml");
    let mut dispatcher = world.dispatcher("dispatcher").role;
    dispatcher.args = ["dispatcher", "--config", "polling.yaml"]
        .map(str::to_owned)
        .to_vec();
    let worker = world.worker("worker", &["--slots", "2"]);
    let (mut dispatching, mut working) = (dispatcher.start(), worker.start());
    dispatching.ready().await;
    working.ready().await;

    let upload = |number| Upload {
        number,
        picture: number as usize,
    };
    world.upload(&pictures, "kept.jpg", upload(1)).await;
    world.upload(&pictures, "gone.jpg", upload(2)).await;
    for key in ["kept.jpg", "gone.jpg"] {
        world
            .manifest(key, |manifest| manifest["status"] == "complete")
            .await;
    }
    world.upload(&pictures, "kept.jpg", upload(3)).await;
    world.delete("gone.jpg").await;
    world
        .manifest("gone.jpg", |manifest| manifest["status"] == "deleted")
        .await;
    // Files of what was overwritten or deleted stay for their time of grace.
    let left = [1, 2].map(|number| pictures.files(number).len() as u64);
    let begun = Instant::now();
    loop {
        let compared = compare(&*world.media, &world.ledger, &pictures).await;
        let counts = &compared.counts;
        if counts.orphaned == left.iter().sum::<u64>() && compared.complaints.len() as u64 == counts.orphaned
        {
            break;
        }
        assert!(
            begun.elapsed() < REST_WITHIN,
            "{counts}: {:#?}",
            compared.complaints
        );
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    assert!(world.dead().await.is_empty());
}
