//! Pictures that recipes name: fetched once, made anew when they change, recorded when they are missing, waited for when
//! their store is away.
use std::time::Duration;

use bytes::Bytes;
use minilab_record::LaneStatus;
use minilab_store::{Calls, Fault, Operation, PutOptions, Store as _};
use minilab_worker::{Dependency, Ready, outcome::Class};

use crate::world::{CAT, DOG, World, document, key};

const STAMPED: &str = "\
version: 1
from: { folder: ./in }
to: { folder: ./out }
stores: { brand: { folder: ./brand } }
recipes:
  gallery:
    derivatives:
      plain: { resize: { width: 320 }, formats: [webp] }
      stamped:
        resize: { width: 640 }
        formats: [jpeg]
        steps: [ { composite: { image: { store: brand, key: logo.png }, gravity: southeast, width: \"20%\" } } ]
";

async fn stamped() -> World {
    let world = World {
        document: document(STAMPED),
        ..World::default()
    };
    draw(&world, "a logo").await;
    world
}

/// Puts a logo there.
async fn draw(world: &World, logo: &str) {
    let body = Bytes::from(logo.to_owned());
    let brand = &world.shelves.brand;
    brand
        .put(&key("logo.png"), body, PutOptions::default())
        .await
        .unwrap();
}

/// Keys of an original's stamped files that are named now.
async fn named(world: &World, name: &str) -> Vec<String> {
    let record = world.record(name).await.unwrap();
    let files = record.wanted_files().filter(|file| file.derivative == "stamped");
    files.map(|file| file.key.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_picture_is_fetched_once_for_many_originals() {
    let world = stamped().await;
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        world.upload(name, CAT).await;
        world.event(name).await;
    }
    // A second reading would fail.
    world.brand.fail(Calls::nth(Operation::Get, 2), Fault::Refuse);
    world.settle().await;
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        world.assert_current(name, CAT, 2).await;
    }
    assert_eq!(world.classes(), [Class::Complete; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_changed_picture_changes_the_files_made_from_then_on() {
    let world = stamped().await;
    let running = world.start();
    let made = async |name: &str, text: &str| {
        world.upload(name, text).await;
        world.event(name).await;
        world.idle().await;
    };
    made("a.jpg", CAT).await;
    let before = named(&world, "a.jpg").await;
    draw(&world, "another logo").await;
    // The same bytes again: only the logo differs. A worker looks at it again within a minute.
    tokio::time::sleep(Duration::from_mins(1)).await;
    made("b.jpg", CAT).await;
    let ends = |keys: &[String]| {
        let version = |key: &String| key.rsplit('/').next().unwrap().to_owned();
        keys.iter().map(version).collect::<Vec<_>>()
    };
    assert_ne!(ends(&before), ends(&named(&world, "b.jpg").await));
    // What was there before stays as it is, whatever comes by.
    world.event("a.jpg").await;
    world.idle().await;
    assert_eq!(named(&world, "a.jpg").await, before);
    made("a.jpg", DOG).await;
    assert_ne!(ends(&named(&world, "a.jpg").await), ends(&before));
    running.drained().await;
    assert_eq!(world.dead().await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_picture_fails_only_the_files_that_need_it_and_is_recorded() {
    let world = World {
        document: document(STAMPED),
        ..World::default()
    };
    world.uploaded("a.jpg", CAT).await;
    assert_eq!(world.statuses("a.jpg").await, [LaneStatus::Partial]);
    let record = world.record("a.jpg").await.unwrap();
    let made: Vec<_> = record
        .wanted_files()
        .map(|file| file.derivative.as_str())
        .collect();
    assert_eq!(made, ["plain"]);
    let failures = world.failures().await;
    let told: Vec<_> = failures.iter().map(|failure| failure.code.as_str()).collect();
    assert_eq!(told, ["asset_missing"]);
    assert!(
        failures[0].sentence.contains("logo.png in the store brand"),
        "{}",
        failures[0].sentence
    );
    assert_eq!(
        world.dead().await,
        [""; 0],
        "it is settled: another attempt would end the same"
    );
    assert_eq!(world.classes(), [Class::Partial]);
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_is_too_large_is_a_reason_of_its_own() {
    let world = World {
        document: document(STAMPED),
        ..World::default()
    };
    draw(&world, &"x".repeat((20 << 20) + 1)).await;
    world.uploaded("a.jpg", CAT).await;
    let failures = world.failures().await;
    assert_eq!(failures[0].code, "asset_too_large", "{}", failures[0].sentence);
}

#[tokio::test(start_paused = true)]
async fn a_store_of_pictures_that_is_away_is_waited_for_and_charges_nobody() {
    let world = stamped().await;
    for operation in [Operation::Get, Operation::Head] {
        world.brand.fail(Calls::every(operation), Fault::Refuse);
    }
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    let mut running = world.start();
    let ready = running.ready.wait_for(|ready| *ready != Ready::Yes);
    let ready = tokio::time::timeout(Duration::from_mins(1), ready)
        .await
        .unwrap()
        .unwrap()
        .clone();
    let Ready::No(reasons) = ready else {
        panic!("the store is away");
    };
    assert_eq!(reasons[0].dependency, Dependency::Assets);
    tokio::time::sleep(Duration::from_mins(1)).await;
    world.brand.heal();
    world.idle().await;
    running.drained().await;
    world.assert_current("a.jpg", CAT, 2).await;
    assert_eq!(world.dead().await, [""; 0]);
    assert_eq!(world.failures().await, []);
    let attempts = world.reports.lock().unwrap().iter().map(|r| r.attempt).max();
    assert_eq!(attempts, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_picture_that_was_seen_before_outlives_its_store_for_a_while() {
    let world = stamped().await;
    let running = world.start();
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    world.idle().await;
    for operation in [Operation::Get, Operation::Head] {
        world.brand.fail(Calls::every(operation), Fault::Refuse);
    }
    tokio::time::sleep(Duration::from_mins(2)).await;
    world.upload("b.jpg", DOG).await;
    world.event("b.jpg").await;
    world.idle().await;
    running.drained().await;
    world.assert_current("b.jpg", DOG, 2).await;
}
