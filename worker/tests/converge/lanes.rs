//! Carrying on and handing on.
use std::time::Duration;

use minilab_protos::job::Via;
use minilab_recipe::Lane;
use minilab_record::LaneStatus::{Done, Pending};
use minilab_worker::testing::{Fault, Moment};

use crate::world::{CAT, DOG, FILES, World};

#[tokio::test(start_paused = true)]
async fn idle_worker_decodes_once_for_three_lanes() {
    let world = World::default();
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.decodes(), 1);
    let reports = world.reports.lock().unwrap();
    let lanes: Vec<_> = reports
        .iter()
        .flat_map(|report| &report.work.lanes)
        .map(|lane| lane.lane)
        .collect();
    assert_eq!(lanes, Lane::ALL);
}

#[tokio::test(start_paused = true)]
async fn busy_worker_makes_all_thumbnails_first_and_hands_the_rest_on() {
    let mut world = World::default();
    world.slots = 1;
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        world.upload(name, CAT).await;
        world.event(name).await;
    }
    world.settle().await;
    let reports = world.reports.lock().unwrap().clone();
    let first: Vec<_> = reports
        .iter()
        .take(2)
        .map(|report| (report.lane, report.work.handed_on))
        .collect();
    assert_eq!(first, [(Lane::Fast, Some(Lane::Standard)); 2]);
    assert_eq!(reports[0].work.lanes.len(), 1);
    for name in ["a.jpg", "b.jpg", "c.jpg"] {
        world.assert_current(name, CAT, FILES).await;
    }
}

#[tokio::test(start_paused = true)]
async fn operators_job_makes_all_lanes_at_once_though_others_wait() {
    let mut world = World::default();
    world.slots = 1;
    world.upload("a.jpg", CAT).await;
    let mut job = world.job("a.jpg", Lane::Fast);
    job.via = Via::Backfill.into();
    // In the fast queue, and before the other, so that something faster than its later lanes waits.
    world.send("fast", &job).await;
    world.upload("b.jpg", DOG).await;
    world.event("b.jpg").await;
    world.settle().await;
    let reports = world.reports.lock().unwrap().clone();
    assert_eq!(
        (reports[0].work.lanes.len(), reports[0].work.handed_on),
        (3, None)
    );
}

#[tokio::test(start_paused = true)]
async fn manifest_keeps_the_old_set_until_all_lanes_of_the_new_one_are_done() {
    let world = World::default();
    world.uploaded("a.jpg", CAT).await;
    world.upload("a.jpg", DOG).await;
    world.event("a.jpg").await;
    // Held before the second lane's first file.
    let stall = world
        .output
        .stall(minilab_store::Calls::nth(minilab_store::Operation::Put, 1).under("a.jpg/photo"));
    let running = world.start();
    stall.reached().await;
    assert_eq!(world.statuses("a.jpg").await, [Done, Pending, Pending]);
    let manifest = world.manifest("a.jpg").await.to_string();
    assert!(manifest.contains("4000"), "{manifest}");
    stall.release();
    world.idle().await;
    running.drained().await;
    world.assert_current("a.jpg", DOG, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn job_of_a_lane_that_the_recipe_no_longer_uses_makes_the_lanes_it_does() {
    let mut world = World::default();
    world.document = crate::world::document(&crate::world::RECIPE.replace(", lane: fast", ""));
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, FILES).await;
}

/// Runs a worker of these lanes until it has nothing to do.
async fn settled_by(world: &mut World, lanes: &str) {
    world.lanes = lanes.parse().unwrap();
    let running = world.start();
    tokio::time::sleep(Duration::from_mins(1)).await;
    running.drained().await;
}

#[tokio::test(start_paused = true)]
async fn worker_of_one_lane_hands_the_others_on_and_takes_none_of_them() {
    let mut world = World::default();
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    settled_by(&mut world, "fast").await;
    assert_eq!(world.statuses("a.jpg").await, [Done, Pending, Pending]);
    assert_eq!(world.jobs_left().await, 1, "the next lane has a job");

    settled_by(&mut world, "bulk,backfill").await;
    assert_eq!(world.statuses("a.jpg").await, [Done, Pending, Pending]);
    settled_by(&mut world, "standard").await;
    settled_by(&mut world, "bulk").await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!((world.decodes(), world.jobs_left().await), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn worker_of_two_lanes_carries_on_between_them() {
    let mut world = World::default();
    world.upload("a.jpg", CAT).await;
    world.event("a.jpg").await;
    settled_by(&mut world, "fast").await;
    settled_by(&mut world, "standard,bulk").await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!((world.decodes(), world.jobs_left().await), (2, 0));
}

#[tokio::test(start_paused = true)]
async fn worker_for_operators_alone_makes_all_lanes_in_one_decode() {
    let mut world = World::default();
    world.upload("a.jpg", CAT).await;
    let mut job = world.job("a.jpg", Lane::Fast);
    job.via = Via::Backfill.into();
    world.send("backfill", &job).await;
    settled_by(&mut world, "backfill").await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.decodes(), 1);
}

#[tokio::test(start_paused = true)]
async fn jobs_of_one_lane_take_all_slots_of_a_worker_that_serves_no_other() {
    let mut world = World::default();
    world.lanes = "bulk".parse().unwrap();
    for name in ["a.jpg", "b.jpg"] {
        world.upload(name, CAT).await;
        world.send("bulk", &world.job(name, Lane::Bulk)).await;
    }
    world.renderer.fail(Moment::Open, Fault::Hang, 2);
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.renderer.tally().opens.values().sum::<u32>(), 2);
    running.abort.cancel();
    running.drained().await;
}

#[tokio::test(start_paused = true)]
async fn bulk_and_operators_work_is_made_in_the_background_and_nothing_else() {
    let world = World::default();
    world.uploaded("a.jpg", CAT).await;
    // The third lane is carried on with.
    assert_eq!(
        world.renderer.tally().in_background,
        [("photo".to_owned(), 2)].into()
    );
    world.upload("b.jpg", DOG).await;
    let mut job = world.job("b.jpg", Lane::Fast);
    job.via = Via::Backfill.into();
    world.send("backfill", &job).await;
    world.settle().await;
    let expected = [("photo".to_owned(), 6), ("thumb".to_owned(), 1)];
    assert_eq!(world.renderer.tally().in_background, expected.into());
}
