//! Events come twice, late, in any order or about nothing; the world decides.
use minilab_recipe::Lane;
use minilab_record::LaneStatus;
use minilab_store::{Calls, Operation, PutOptions, Store as _};
use minilab_worker::{outcome::Class, report::FileOutcome};

use crate::world::{CAT, DOG, FILES, RECIPE, World, document, key};

#[tokio::test(start_paused = true)]
async fn upload_becomes_all_files_of_its_recipe() {
    let world = World::default();
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.stored().await.len(), FILES);
}

#[tokio::test(start_paused = true)]
async fn duplicate_event_makes_nothing_twice() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    for _ in 0..3 {
        world.event("a.jpg").await;
    }
    world.settle().await;
    let generation = world.record("a.jpg").await.unwrap().generation;
    let made = world.made();
    world.event("a.jpg").await;
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.made(), made);
    assert_eq!(world.record("a.jpg").await.unwrap().generation, generation);
    assert_eq!(world.classes().last(), Some(&Class::Noop));
}

#[tokio::test(start_paused = true)]
async fn overwrite_during_render_publishes_the_new_one() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    let stall = world.output.stall(Calls::nth(Operation::Put, 1));
    let running = world.start();
    stall.reached().await;
    world.upload("a.jpg", DOG).await;
    stall.release();
    world.idle().await;
    running.drained().await;
    world.assert_current("a.jpg", DOG, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn overwrite_before_the_last_swap_is_seen_after_it() {
    // No event tells of it, and no later lane looks again: only the second HEAD of the last lane can see it.
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    let stall = world.state.stall(Calls::nth(Operation::Put, 3).under("records/"));
    let running = world.start();
    stall.reached().await;
    world.upload("a.jpg", DOG).await;
    stall.release();
    world.idle().await;
    running.drained().await;
    world.assert_current("a.jpg", DOG, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn deleted_original_becomes_a_tombstone_and_its_manifest_says_so() {
    let world = World::default();
    world.uploaded("a.jpg", CAT).await;
    let stored = world.stored().await;
    world.delete("a.jpg").await;
    world.event("a.jpg").await;
    world.settle().await;
    let record = world.record("a.jpg").await.unwrap();
    assert!(record.observation.is_none());
    assert_eq!(record.previous.len(), FILES);
    assert_eq!(world.manifest("a.jpg").await["status"], "deleted");
    assert_eq!(world.stored().await, stored, "only the sweep deletes bytes");
}

#[tokio::test(start_paused = true)]
async fn absent_original_without_a_record_is_nothing() {
    let world = World::default();
    world.event("never.jpg").await;
    world.settle().await;
    assert!(world.record("never.jpg").await.is_none());
    assert_eq!(world.classes(), [Class::Noop]);
}

#[tokio::test(start_paused = true)]
async fn announced_original_that_is_not_shown_yet_is_waited_for() {
    let world = World::default();
    let mut job = world.job("a.jpg", Lane::Fast);
    let hint = job.hint.as_mut().unwrap();
    (hint.etag, hint.event_time_ms) = ("an etag".into(), 1_000_000_000_000);
    world.send("fast", &job).await;
    let running = world.start();
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    assert_eq!(world.classes(), [Class::Transient]);
    world.upload("a.jpg", CAT).await;
    world.idle().await;
    running.drained().await;
    world.assert_current("a.jpg", CAT, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn content_that_comes_back_is_published_again_under_new_keys_or_kept_ones_that_exist() {
    let world = World::default();
    for text in [CAT, DOG, CAT] {
        world.uploaded("a.jpg", text).await;
        world.assert_current("a.jpg", text, FILES).await;
    }
    // The cat's first files are in their time of grace, where the sweep may be about to delete them.
    assert_eq!(world.record("a.jpg").await.unwrap().previous.len(), 2 * FILES);
}

#[tokio::test(start_paused = true)]
async fn same_bytes_under_a_new_etag_make_nothing() {
    let world = World::default();
    world.uploaded("a.jpg", CAT).await;
    let made = world.made();
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.made(), made);
}

#[tokio::test(start_paused = true)]
async fn recipe_change_of_one_derivative_renders_just_that_one() {
    let mut world = World::default();
    world.uploaded("a.jpg", CAT).await;
    let (before, made) = (world.stored().await, world.made());
    world.document = document(&RECIPE.replace("width: 320", "width: 330"));
    world.revision = 2;
    world.event("a.jpg").await;
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.made(), made + 1);
    let new: Vec<_> = world.stored().await.difference(&before).cloned().collect();
    assert!(new.len() == 1 && new[0].contains("thumb-330w"), "{new:?}");
}

#[tokio::test(start_paused = true)]
async fn derivative_that_left_the_recipe_leaves_the_record() {
    let mut world = World::default();
    world.uploaded("a.jpg", CAT).await;
    world.document = document(&RECIPE.replace("widths: [640, 1280]", "widths: [640]"));
    world.event("a.jpg").await;
    world.settle().await;
    world.assert_current("a.jpg", CAT, 3).await;
}

#[tokio::test(start_paused = true)]
async fn key_that_no_rule_takes_gets_nothing_and_loses_what_it_had() {
    let mut world = World::default();
    world.uploaded("tmp/a.jpg", CAT).await;
    assert!(world.record("tmp/a.jpg").await.is_none());
    world.uploaded("old/a.jpg", CAT).await;
    world.document = document(&RECIPE.replace("tmp/", "old/"));
    world.event("old/a.jpg").await;
    world.settle().await;
    assert!(world.record("old/a.jpg").await.unwrap().observation.is_none());
}

#[tokio::test(start_paused = true)]
async fn file_that_is_there_already_is_adopted() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    // An attempt put its files and died before its swap.
    world.state.fail(
        Calls::nth(Operation::Put, 1).under("records/"),
        minilab_store::Fault::Refuse,
    );
    world.event("a.jpg").await;
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    let reports = world.reports.lock().unwrap();
    assert_eq!(reports.last().unwrap().work.files(FileOutcome::Adopted), 1);
}

#[tokio::test(start_paused = true)]
async fn changed_focal_point_is_a_new_observation() {
    let mut world = World::default();
    world.document = document(&RECIPE.replace(
        "width: 320 }",
        "width: 320, height: 320, fit: cover, gravity: focal }",
    ));
    let put = async |focal: &str| {
        let metadata = [("focal".to_owned(), focal.to_owned())].into();
        let options = PutOptions {
            metadata,
            ..PutOptions::default()
        };
        world
            .originals
            .put(&key("a.jpg"), CAT.into(), options)
            .await
            .unwrap();
        world.event("a.jpg").await;
        world.settle().await;
    };
    put("0.1,0.5").await;
    let made = world.made();
    put("0.9,0.5").await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.statuses("a.jpg").await, [LaneStatus::Done; 3]);
    assert!(world.made() > made);
}

#[tokio::test(start_paused = true)]
async fn two_workers_at_one_original_publish_once_and_count_the_work_done_twice() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    for _ in 0..2 {
        world.send("bulk", &world.job("a.jpg", Lane::Bulk)).await;
    }
    // Both have made their files when one of them swaps.
    let first = world.state.stall(Calls::nth(Operation::Put, 1).under("records/"));
    let second = world.state.stall(Calls::nth(Operation::Put, 2).under("records/"));
    let workers = [world.start(), world.start()];
    first.reached().await;
    second.reached().await;
    first.release();
    second.release();
    world.idle().await;
    for worker in workers {
        worker.drained().await;
    }
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.stored().await.len(), FILES, "the second adopts");
    let record = world.record("a.jpg").await.unwrap();
    let generations: Vec<_> = record.lanes.values().map(|lane| lane.generation).collect();
    assert!(
        generations.iter().all(|generation| *generation == 1),
        "{generations:?}"
    );
    let reports = world.reports.lock().unwrap().clone();
    let total = |count: fn(&minilab_worker::report::Work) -> u32| -> u32 {
        reports.iter().map(|report| count(&report.work)).sum()
    };
    assert_eq!(
        (total(|work| work.swaps_lost), total(|work| work.duplicates)),
        (1, 1)
    );

    // What comes later finds nothing to do.
    let made = world.made();
    for _ in 0..5 {
        world.send("bulk", &world.job("a.jpg", Lane::Bulk)).await;
    }
    world.settle().await;
    assert_eq!(world.made(), made);
}
