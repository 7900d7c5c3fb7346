//! Dead letters become failure records, and failure records jobs again.
#![expect(
    clippy::unwrap_used,
    reason = "this is test code: a call that fails, fails the test"
)]
mod world;

use std::{sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use jiff::Timestamp;
use minilab_dispatcher::{DeadLetters, Redrive, queue_name};
use minilab_notify::{Outboxes, notify_queue};
use minilab_protos::job::{Job, LastError};
use minilab_protos::notification::{Kind, Notification};
use minilab_queue::{Disposition, Outgoing, QueueName, dead_queue};
use minilab_recipe::Lane;
use minilab_record::{FailureRecord, Failures, UnreadableRecord};
use minilab_store::{Calls, Fault, Faulty, Operation};
use tokio_util::sync::CancellationToken;

use world::World;

#[tokio::test]
async fn letter_that_no_worker_recorded_becomes_a_failure_record() {
    let world = World::new();
    die(&world, &job("a.jpg"), "poison: killed by signal 11").await;
    assert_eq!(record_all(&world).await, 1);
    let failure = &failures(&world).await[0];
    assert_eq!(
        (
            failure.class.as_str(),
            failure.code.as_str(),
            failure.sentence.as_str()
        ),
        ("poison", "renderer_signal", "killed by signal 11")
    );
    assert_eq!((failure.attempts, failure.crashes), (1, 2));
    assert_eq!(world.metrics.dispatcher.dead_letters_recorded_total.get(()), 1);
    assert_eq!(record_all(&world).await, 0, "it is no letter any more");
}

#[tokio::test]
async fn letter_that_the_broker_itself_made_is_poison_with_its_code() {
    let world = World::new();
    let body = serde_json::to_vec(&job("a.jpg")).unwrap();
    reject(&world, body, "delivery-limit: handed out 20 times").await;
    record_all(&world).await;
    let failure = &failures(&world).await[0];
    assert_eq!(
        (failure.class.as_str(), failure.code.as_str()),
        ("poison", "delivery-limit")
    );
}

#[tokio::test]
async fn letter_whose_failure_a_worker_recorded_changes_nothing() {
    let world = World::new();
    let failures_of = Failures::new(Arc::clone(&world.state));
    let recorded = FailureRecord {
        worker: Some("host:1".into()),
        ..failure("a.jpg")
    };
    failures_of.write(&recorded).await.unwrap();
    die(&world, &job("a.jpg"), "poison: killed by signal 11").await;
    assert_eq!(record_all(&world).await, 1);
    assert_eq!(failures(&world).await, [recorded]);
    assert_eq!(world.metrics.dispatcher.dead_letters_recorded_total.get(()), 0);
}

#[tokio::test]
async fn letter_of_a_lane_that_is_done_is_recorded_because_its_job_may_owe_a_manifest() {
    let world = World::new();
    world.upload("a.jpg").await;
    world.finish("a.jpg").await;
    die(&world, &job("a.jpg"), "exhausted: the store did not answer").await;
    record_all(&world).await;
    assert_eq!(failures(&world).await.len(), 1);
}

#[tokio::test]
async fn message_that_is_no_job_is_kept_with_its_reason() {
    let world = World::new();
    reject(&world, b"not json".to_vec(), "envelope: expected value").await;
    reject(&world, b"not json".to_vec(), "envelope: expected value").await;
    assert_eq!(record_all(&world).await, 2);
    let failures = Failures::new(Arc::clone(&world.state));
    let kept: Vec<UnreadableRecord> = failures.list_unreadable().try_collect().await.unwrap();
    assert_eq!(kept.len(), 1, "the same bytes are kept once");
    assert_eq!(
        (kept[0].begins.as_str(), kept[0].reason.as_str()),
        ("not json", "envelope: expected value")
    );
}

#[tokio::test(start_paused = true)]
async fn letter_waits_until_the_store_is_back() {
    let mut world = World::new();
    let state = Faulty::new(Arc::clone(&world.state));
    state.fail(Calls::every(Operation::Get), Fault::Refuse);
    world.state = Arc::new(state.clone());
    die(&world, &job("a.jpg"), "exhausted: no").await;

    let drain = CancellationToken::new();
    let running = tokio::spawn(letters(&world).run(drain.clone()));
    while state.count(Operation::Get, "failures/") < 3 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    state.heal();
    while world.queue.depth(&dead_queue()).await.unwrap().known() > 0 {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    drain.cancel();
    running.await.unwrap().unwrap();
    assert_eq!(failures(&world).await.len(), 1);
}

#[tokio::test]
async fn receivers_hear_once_of_a_job_that_nobody_could_finish() {
    let world = World::new().with_rules(&heard());
    for _ in 0..2 {
        die(&world, &job("a.jpg"), "exhausted: the store did not answer").await;
        record_all(&world).await;
    }
    let said = waiting(&world, "a.jpg").await;
    assert_eq!(said.len(), 1);
    assert_eq!(
        (said[0].kind, said[0].data.lanes.join(" ")),
        (Kind::Failed, "fast".into())
    );
    assert_eq!(said[0].data.failures[0].sentence, "the store did not answer");
    assert!(
        world.queue.depth(&notify_queue()).await.unwrap().known() > 0,
        "senders are woken"
    );
}

#[tokio::test]
async fn receivers_hear_of_a_new_upload_that_nobody_could_finish_beside_what_was_made_of_the_old() {
    let world = World::new().with_rules(&heard());
    world.upload("a.jpg").await;
    world.finish("a.jpg").await;
    die(
        &world,
        &sent("a.jpg", Timestamp::now()),
        "denied: the original may not be read",
    )
    .await;
    record_all(&world).await;
    assert_eq!(waiting(&world, "a.jpg").await.len(), 1);
}

#[tokio::test]
async fn receivers_hear_nothing_of_a_death_where_the_record_tells_since_what_became_of_the_lane() {
    let world = World::new().with_rules(&heard());
    world.upload("a.jpg").await;
    world.finish("a.jpg").await;
    die(
        &world,
        &sent("a.jpg", Timestamp::UNIX_EPOCH),
        "exhausted: the manifest could not be written",
    )
    .await;
    record_all(&world).await;
    assert_eq!(waiting(&world, "a.jpg").await, []);
    assert_eq!(failures(&world).await.len(), 1, "an operator sees it");
}

#[tokio::test]
async fn redriven_job_starts_its_counters_again_and_says_that_it_was_put_back() {
    let world = World::new();
    // A job of the key that waits already must not swallow it.
    world.upload("a.jpg").await;
    world
        .reconcile(
            minilab_telemetry::PassMode::Full,
            minilab_dispatcher::Brake::default().allowing_all(),
        )
        .await;
    let redrive = Redrive::new(Arc::clone(&world.document), 9, Arc::clone(&world.queue));
    redrive
        .put_back(&failure("a.jpg"), std::time::SystemTime::now())
        .await
        .unwrap();
    let mut jobs = world.take(Lane::Fast).await;
    jobs.retain(|job| job.redrives > 0);
    assert_eq!(jobs.len(), 1);
    let job = &jobs[0];
    assert_eq!(
        (
            job.redrives,
            job.attempt,
            job.crashes,
            job.min_rev,
            job.lane.as_str()
        ),
        (1, 0, 0, 9, "fast")
    );
    assert_ne!(job.id, "01JOB");
}

/// The usual rules, with somebody who listens.
fn heard() -> String {
    format!(
        "{}notify:\n  shop: {{ rabbitmq: {{ exchange: shop, url: \"amqp://127.0.0.1\" }}, on: [ready, failed] }}\n",
        world::RULES
    )
}

async fn waiting(world: &World, name: &str) -> Vec<Notification> {
    let outboxes = Outboxes::new(Arc::clone(&world.state));
    outboxes.load("shop", name).await.unwrap().waiting
}

fn sent(name: &str, at: Timestamp) -> Job {
    Job {
        enqueued_at_ms: at.as_millisecond().try_into().unwrap(),
        ..job(name)
    }
}

fn job(name: &str) -> Job {
    Job {
        v: 1,
        id: "01JOB".into(),
        key: name.into(),
        lane: "fast".into(),
        attempt: 1,
        crashes: 2,
        first_seen_ms: 1_000,
        last_error: Some(LastError {
            class: "crash".into(),
            code: "renderer_signal".into(),
            sentence: "killed by signal 11".into(),
        }),
        ..Job::default()
    }
}

/// What a worker records of [`job`].
fn failure(name: &str) -> FailureRecord {
    let at = Timestamp::from_second(2).unwrap();
    FailureRecord {
        v: 1,
        key: name.into(),
        lane: Lane::Fast,
        class: "poison".into(),
        code: "renderer_signal".into(),
        sentence: "killed by signal 11".into(),
        stage: None,
        job: Some("01JOB".into()),
        attempts: 1,
        crashes: 2,
        redrives: 0,
        worker: None,
        program: None,
        engine: "test".into(),
        spent_ms: std::collections::BTreeMap::new(),
        first_seen: Timestamp::from_second(1).unwrap(),
        at,
    }
}

fn letters(world: &World) -> DeadLetters {
    DeadLetters::new(
        Arc::clone(&world.jobs),
        Arc::clone(&world.state),
        Arc::clone(&world.metrics),
    )
}

async fn record_all(world: &World) -> u64 {
    letters(world).run_once().await.unwrap()
}

async fn failures(world: &World) -> Vec<FailureRecord> {
    let failures = Failures::new(Arc::clone(&world.state));
    failures.list().try_collect().await.unwrap()
}

async fn die(world: &World, job: &Job, reason: &str) {
    reject(world, serde_json::to_vec(job).unwrap(), reason).await;
}

/// Sends a message and gives it up.
async fn reject(world: &World, body: Vec<u8>, reason: &str) {
    let lane: QueueName = queue_name(Lane::Fast);
    world
        .queue
        .send(vec![Outgoing::new(lane.clone(), body.clone())])
        .await
        .unwrap();
    let delivery = world
        .queue
        .receive(&lane, 1, Duration::ZERO)
        .await
        .unwrap()
        .remove(0);
    let rejection = Disposition::Reject {
        payload: body.into(),
        reason: reason.into(),
    };
    world.queue.settle(&delivery.receipt, rejection).await.unwrap();
}
