//! An upload and what a bucket says of it become a complete manifest, whichever way the news takes; a deletion a tombstone.
use std::time::Duration;

use serde_json::json;

use crate::{
    comparison::compare,
    events,
    ledger::Upload,
    pictures::Pictures,
    world::{Options, TOKEN, World, is_possible},
};

const REST_WITHIN: Duration = Duration::from_mins(1);

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

    // Nobody tells of this one: the first pass of another dispatcher finds it.
    world.upload(&pictures, "by listing.jpg", upload(3)).await;
    world
        .operate(&["reconcile", "--config", "minilab.yaml"])
        .await
        .unwrap();
    world
        .manifest("by listing.jpg", |manifest| manifest["status"] == "complete")
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
