//! What becomes of jobs that fail, by class.
use std::time::Duration;

use minilab_protos::job::Via;
use minilab_queue::QueueName;
use minilab_recipe::Lane;
use minilab_record::LaneStatus::{Done, Failed, Partial};
use minilab_store::{Calls, Fault as StoreFault, Operation};
use minilab_worker::{
    Ready,
    outcome::Class,
    renderer::CrashKind,
    testing::{Fault, Moment},
};

use crate::world::{CAT, DOG, FILES, RECIPE, World, document};

const SIGNAL: Fault = Fault::Crash(CrashKind::Signal(11));

#[tokio::test(start_paused = true)]
async fn original_that_is_no_image_is_recorded_once_per_lane_and_settled() {
    let world = World::default();
    world.uploaded("a.jpg", "a shopping list").await;
    assert_eq!(world.statuses("a.jpg").await, [Failed; 3]);
    let failures = world.failures().await;
    assert_eq!(failures.len(), 3);
    assert_eq!(
        (failures[0].class.as_str(), failures[0].code.as_str()),
        ("input", "not_an_image")
    );
    assert_eq!(
        world.renderer.tally().opens.values().sum::<u32>(),
        1,
        "one look tells it for all lanes"
    );
    assert_eq!(
        (world.classes(), world.dead().await.len()),
        (vec![Class::Input], 0)
    );
    assert_eq!(world.manifest("a.jpg").await["status"], "failed");

    // The same bytes are not looked at again; others are, and clear the failures.
    world.event("a.jpg").await;
    world.settle().await;
    assert_eq!(world.renderer.tally().opens.values().sum::<u32>(), 1);
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.failures().await, []);
}

#[tokio::test(start_paused = true)]
async fn ignored_non_image_leaves_nothing_unless_its_name_promises_one() {
    let mut world = World::default();
    world.document = document(&RECIPE.replace("not_an_image: fail", "not_an_image: ignore"));
    world.uploaded("notes.txt", "a shopping list").await;
    assert!(world.record("notes.txt").await.is_none());
    assert!(world.reports.lock().unwrap()[0].work.ignored);
    world.uploaded("a.jpg", "a shopping list").await;
    assert_eq!(world.statuses("a.jpg").await, [Failed; 3]);
    // An image that is overwritten with what is ignored loses its files.
    world.uploaded("picture", CAT).await;
    world.uploaded("picture", "a shopping list").await;
    assert!(world.record("picture").await.unwrap().observation.is_none());
}

#[tokio::test(start_paused = true)]
async fn original_over_the_limit_is_refused_before_it_is_read() {
    let mut world = World::default();
    world.document = document(&RECIPE.replace("not_an_image: fail", "accept: { bytes: 10 }"));
    world.uploaded("a.jpg", CAT).await;
    assert_eq!(world.failures().await[0].code, "too_many_bytes");
    assert_eq!(world.originals.count(Operation::Get, ""), 0);
}

#[tokio::test(start_paused = true)]
async fn file_that_fails_alone_leaves_the_others_published() {
    let world = World::default();
    world.renderer.fail(
        Moment::Encode("photo".into()),
        Fault::File("encode_failed".into()),
        1,
    );
    world.uploaded("a.jpg", CAT).await;
    assert_eq!(world.statuses("a.jpg").await, [Done, Partial, Done]);
    assert_eq!(world.stored().await.len(), FILES - 1);
    assert_eq!(world.failures().await[0].code, "encode_failed");
    assert_eq!(
        (world.classes(), world.dead().await.len()),
        (vec![Class::Partial], 0)
    );
}

#[tokio::test(start_paused = true)]
async fn first_crash_is_tried_again_and_forgotten() {
    let world = World::default();
    world.renderer.fail(Moment::Encode("thumb".into()), SIGNAL, 1);
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.classes(), [Class::Crash, Class::Complete]);
}

#[tokio::test(start_paused = true)]
async fn second_crash_is_poison_of_that_lane_alone() {
    let world = World::default();
    world.renderer.fail(Moment::Encode("thumb".into()), SIGNAL, 2);
    world.uploaded("a.jpg", CAT).await;
    assert_eq!(world.statuses("a.jpg").await, [Failed, Done, Done]);
    let dead = world.dead().await;
    assert!(dead.len() == 1 && dead[0].starts_with("poison: "), "{dead:?}");
    assert!(dead[0].contains("killed by signal 11"), "{dead:?}");
    let failures = world.failures().await;
    assert_eq!(failures.len(), 1);
    let failure = &failures[0];
    assert_eq!(
        (failure.class.as_str(), failure.code.as_str()),
        ("poison", "renderer_signal")
    );
    assert_eq!((failure.attempts, failure.crashes, failure.redrives), (0, 2, 0));
    assert_eq!(failure.job.as_deref(), Some("a.jpg-fast"));
    assert!(failure.stage.is_some() && failure.worker.is_some(), "{failure:?}");
    assert_eq!(world.renderer.tally().sessions, 0);
}

#[tokio::test(start_paused = true)]
async fn crash_in_a_lane_that_was_carried_on_with_fails_that_lane() {
    let world = World::default();
    world.renderer.fail(Moment::Encode("photo".into()), SIGNAL, 2);
    world.uploaded("a.jpg", CAT).await;
    assert_eq!(world.statuses("a.jpg").await, [Done, Failed, Done]);
}

#[tokio::test(start_paused = true)]
async fn poison_that_is_put_back_is_really_tried_in_the_lane_that_failed() {
    let world = World::default();
    world.renderer.fail(Moment::Encode("photo".into()), SIGNAL, 2);
    world.uploaded("a.jpg", CAT).await;
    let before = world.classes().len();
    world.renderer.fail(Moment::Encode("photo".into()), SIGNAL, 2);
    assert_eq!(world.put_back().await, ["standard"]);
    world.settle().await;
    assert_eq!(
        world.classes()[before..],
        [Class::Crash, Class::Crash],
        "tried like any other, and it is poison again"
    );
    assert_eq!(world.statuses("a.jpg").await, [Done, Failed, Done]);
    assert_eq!(world.failures().await.len(), 1);

    assert_eq!(world.put_back().await, ["standard"]);
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!((world.failures().await.len(), world.dead().await.len()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_without_a_confirmed_dead_letter_is_tried_again() {
    let world = World::default();
    world.renderer.fail(Moment::Encode("photo".into()), SIGNAL, 2);
    world.uploaded("a.jpg", CAT).await;
    assert_eq!(world.statuses("a.jpg").await, [Done, Failed, Done]);
    // The delivery that gave it up comes again, since nobody settled it.
    let mut job = world.job("a.jpg", Lane::Fast);
    job.crashes = 2;
    world.send("fast", &job).await;
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn transient_failure_waits_longer_each_time_and_then_is_exhausted() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world
        .originals
        .fail(Calls::every(Operation::Get), StoreFault::Refuse);
    world.event("a.jpg").await;
    let begun = tokio::time::Instant::now();
    world.settle().await;
    assert_eq!(world.classes(), [Class::Transient; 6]);
    assert!(begun.elapsed() >= Duration::from_secs(5 + 30 + 120 + 600 + 3600));
    assert!(world.dead().await[0].starts_with("exhausted: "));
    let failure = &world.failures().await[0];
    assert_eq!((failure.class.as_str(), failure.attempts), ("exhausted", 6));
    assert_eq!(
        failure.stage.as_deref(),
        Some("make"),
        "the original is there, but cannot be read"
    );

    // Redriven after the cause is gone, it gets a real attempt, and the failure is forgotten.
    world.originals.heal();
    assert_eq!(world.put_back().await, ["fast"]);
    world.settle().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.failures().await, []);
}

#[tokio::test(start_paused = true)]
async fn denied_original_is_retried_and_does_not_stop_the_others() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world
        .originals
        .fail(Calls::every(Operation::Head).under("a.jpg"), StoreFault::Deny);
    world.event("a.jpg").await;
    world.upload("b.jpg", DOG).await;
    world.event("b.jpg").await;
    world.settle().await;
    assert!(world.record("a.jpg").await.is_none(), "refused is not absent");
    assert!(world.dead().await[0].starts_with("denied: "));
    world.assert_current("b.jpg", DOG, FILES).await;
}

#[tokio::test(start_paused = true)]
async fn full_disk_pauses_the_worker_and_counts_for_nobody() {
    let world = World::default();
    world.upload("a.jpg", CAT).await;
    world
        .output
        .fail(Calls::every(Operation::Put), StoreFault::DiskFull);
    world.event("a.jpg").await;
    let mut running = world.start();
    let ready = running
        .ready
        .wait_for(|ready| *ready != Ready::Yes)
        .await
        .unwrap()
        .clone();
    assert!(
        matches!(&ready, Ready::No(reasons) if reasons[0].to_string().contains("disk full")),
        "{ready:?}"
    );
    tokio::time::sleep(Duration::from_hours(2)).await;
    assert_eq!(
        world.classes(),
        [Class::Dependency],
        "nothing is tried while the canary fails"
    );
    let probes = world.output.count(Operation::Put, "minilab-canary");
    assert!((200..=260).contains(&probes), "{probes} probes in two hours");
    world.output.heal();
    running
        .ready
        .wait_for(|ready| *ready == Ready::Yes)
        .await
        .unwrap();
    world.idle().await;
    running.drained().await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(world.reports.lock().unwrap().last().unwrap().attempt, 1);
    assert!(!world.stored().await.contains("minilab-canary"));
}

#[tokio::test(start_paused = true)]
async fn missing_renderer_pauses_the_worker() {
    let world = World::default();
    world.renderer.fail(Moment::Open, Fault::Unavailable, 3);
    world.uploaded("a.jpg", CAT).await;
    world.assert_current("a.jpg", CAT, FILES).await;
    assert_eq!(
        world.classes(),
        [
            Class::Dependency,
            Class::Dependency,
            Class::Dependency,
            Class::Complete
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn stale_configuration_is_released_uncounted() {
    let mut world = World::default();
    world.revision = 2;
    world.uploaded("a.jpg", CAT).await;
    world.upload("a.jpg", DOG).await;
    world.event("a.jpg").await;
    world.revision = 1;
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(100)).await;
    running.drained().await;
    assert_eq!(world.jobs_left().await, 1);
    assert!(
        world.classes()[1..].iter().all(|class| *class == Class::Stale),
        "{:?}",
        world.classes()
    );
    world.revision = 2;
    world.settle().await;
    world.assert_current("a.jpg", DOG, FILES).await;
    assert_eq!(world.reports.lock().unwrap().last().unwrap().attempt, 1);
}

#[tokio::test(start_paused = true)]
async fn record_of_a_newer_configuration_is_left_alone() {
    let mut world = World::default();
    world.revision = 2;
    world.uploaded("a.jpg", CAT).await;
    let record = world.record("a.jpg").await;
    world.revision = 1;
    world.event("a.jpg").await;
    let running = world.start();
    tokio::time::sleep(Duration::from_secs(1)).await;
    running.drained().await;
    assert_eq!(world.classes().last(), Some(&Class::Stale));
    assert_eq!(world.record("a.jpg").await, record);
}

#[tokio::test(start_paused = true)]
async fn message_that_is_no_job_becomes_a_dead_letter_with_its_bytes() {
    let world = World::default();
    let queue = QueueName::new("fast").unwrap();
    world
        .queue
        .send(vec![minilab_queue::Outgoing::new(queue, "not json")])
        .await
        .unwrap();
    let mut job = world.job("a.jpg", Lane::Fast);
    job.lane = "slow".into();
    world.send("fast", &job).await;
    world.settle().await;
    let reasons = world.dead().await;
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons.iter().all(|reason| reason.starts_with("envelope: ")),
        "{reasons:?}"
    );
    let dead = world.dead_letters().await;
    assert!(dead.iter().any(|letter| letter.payload == "not json"));
}

#[tokio::test(start_paused = true)]
async fn key_too_long_for_a_record_is_the_originals_own_fault() {
    let world = World::default();
    let name = "x".repeat(950);
    world.upload(&name, CAT).await;
    let mut job = world.job(&name, Lane::Fast);
    job.via = Via::Live.into();
    world.send("fast", &job).await;
    world.settle().await;
    assert_eq!(
        (world.classes(), world.dead().await.len()),
        (vec![Class::Input], 0)
    );
    assert_eq!(world.failures().await[0].class, "input");
}
