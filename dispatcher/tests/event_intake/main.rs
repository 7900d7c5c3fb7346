//! From a broker's queue of events to jobs: what becomes a job, what does not, and that nothing is settled before its time.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
mod said;
mod webhook;
#[path = "../world/mod.rs"]
mod world;

use std::{sync::Arc, time::Duration};

use futures::TryStreamExt as _;
use minilab_dispatcher::{Config, Dispatcher, Error, Ready, Token, Webhook, WebhookVerdict, events_queue};
use minilab_protos::job::Job;
use minilab_queue::{Fault, Faulty, Moment, Outgoing, Queue, dead_queue};
use minilab_recipe::Lane;
use minilab_record::{Failures, UnreadableRecord};
use minilab_telemetry::{EventResult, KeyRefusal, Producer};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::Instant};
use tokio_util::sync::CancellationToken;

use world::World;

/// Originals, files and records side by side in one bucket.
const RULES: &str = r"
version: 1
from: { s3: { bucket: photos, prefix: in/ } }
to: { s3: { bucket: photos, prefix: out/ } }
state: { s3: { bucket: photos, prefix: state/ } }
intake: [{ poll: { every: 1h } }]
rules:
  - { match: { prefix: none/ }, recipe: none }
  - { recipe: gallery }
recipes:
  gallery:
    derivatives:
      thumb: { resize: { width: 320 }, formats: [webp], lane: fast }
";
const SECRET: &str = "0123456789abcdef";
/// Time is paused: only a failing test waits, and not for long.
const PATIENCE: Duration = Duration::from_mins(10);

struct Fleet {
    world: World,
    broker: Arc<Faulty>,
    webhook: Webhook,
    ready: watch::Receiver<Ready>,
    drain: CancellationToken,
    running: JoinHandle<Result<(), Error>>,
}

impl Fleet {
    fn new() -> Self {
        Self::with(&[])
    }

    /// A dispatcher that runs, with a broker that fails as the script says.
    fn with(script: &[Fault]) -> Self {
        Self::by(RULES, script)
    }

    fn by(rules: &str, script: &[Fault]) -> Self {
        let broker = Arc::new(Faulty::new(Arc::new(minilab_queue::Memory::default()), script));
        let world = World::new().on(broker.clone()).with_rules(rules);
        let metrics = Arc::clone(&world.metrics);
        let mut dispatcher = Dispatcher::new(
            Config::default(),
            world.stores(),
            Arc::clone(&world.jobs),
            metrics,
        );
        let webhook = dispatcher.webhook(Token::new(SECRET).unwrap());
        let (ready, drain) = (dispatcher.ready(), CancellationToken::new());
        let running = tokio::spawn(dispatcher.run(drain.clone(), CancellationToken::new()));
        Self {
            world,
            broker,
            webhook,
            ready,
            drain,
            running,
        }
    }

    async fn tell(&self, message: impl ToString) {
        let outgoing = Outgoing::new(events_queue(), message.to_string());
        self.broker.send(vec![outgoing]).await.unwrap();
    }

    /// The jobs there are once every event is settled.
    async fn jobs(&self) -> Vec<Job> {
        self.settled().await;
        self.world.take(Lane::Fast).await
    }

    async fn keys(&self) -> Vec<String> {
        self.jobs().await.into_iter().map(|job| job.key).collect()
    }

    async fn settled(&self) {
        let begun = Instant::now();
        while self.events().await > 0 {
            assert!(begun.elapsed() < PATIENCE, "the events are never settled");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn events(&self) -> u64 {
        self.broker.depth(&events_queue()).await.unwrap().known()
    }

    /// What was recorded of a message that is no job.
    async fn unreadable(&self) -> UnreadableRecord {
        let (failures, begun) = (Failures::new(Arc::clone(&self.world.state)), Instant::now());
        loop {
            let found: Vec<_> = failures.list_unreadable().try_collect().await.unwrap();
            if let [found] = &found[..] {
                return found.clone();
            }
            assert!(begun.elapsed() < PATIENCE, "{found:?} was recorded");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn count(&self, producer: Producer, result: EventResult) -> u64 {
        self.world.metrics.dispatcher.events_total.get((producer, result))
    }

    async fn until_ready(&mut self, wanted: impl Fn(&Ready) -> bool) -> Ready {
        let ready = tokio::time::timeout(PATIENCE, self.ready.wait_for(|ready| wanted(ready))).await;
        ready.expect("readiness changes").unwrap().clone()
    }

    async fn stop(self) {
        self.drain.cancel();
        self.running.await.unwrap().unwrap();
    }
}

fn s3(key: &str) -> Value {
    s3_of("photos", key, "ObjectCreated:Put", 1000)
}

fn s3_of(bucket: &str, key: &str, name: &str, size: u64) -> Value {
    json!({ "Records": [record("aws:s3", bucket, key, name, size)] })
}

fn record(source: &str, bucket: &str, key: &str, name: &str, size: u64) -> Value {
    json!({
        "eventVersion": "2.1", "eventSource": source, "eventName": name, "eventTime": "2026-11-24T00:00:00.000Z",
        "s3": { "bucket": { "name": bucket }, "object": { "key": key, "size": size, "eTag": "e", "versionId": "v" } },
    })
}

#[tokio::test(start_paused = true)]
async fn an_event_of_each_producer_becomes_a_job_of_the_key_below_the_prefix() {
    let fleet = Fleet::new();
    let of = |source| json!({ "Records": [record(source, "photos", "in/a.jpg", "ObjectCreated:Put", 1000)] });
    let sns = json!({ "Type": "Notification", "TopicArn": "arn", "Message": of("aws:s3").to_string() });
    let object = json!({ "key": "in/a.jpg", "size": 1000 });
    let eventbridge = json!({
        "detail-type": "Object Created", "source": "aws.s3",
        "detail": { "bucket": { "name": "photos" }, "object": object },
    });
    let r2 = json!({ "account": "a", "action": "PutObject", "bucket": "photos", "object": object });
    let seaweedfs = json!({
        "event_type": "create", "key": "/buckets/photos/in/a.jpg", "message": { "new_entry": { "name": "a.jpg" } },
    });
    for (message, producer) in [
        (of("aws:s3"), "s3"),
        (sns, "s3"),
        (of("minio:s3"), "minio"),
        (of("ceph:s3"), "ceph"),
        (eventbridge, "eventbridge"),
        (r2, "r2"),
        (seaweedfs, "seaweedfs"),
    ] {
        fleet.tell(&message).await;
        let jobs = fleet.jobs().await;
        let [job] = &jobs[..] else {
            panic!("{message} makes {jobs:?}")
        };
        assert_eq!(
            (job.key.as_str(), job.hint.as_ref().unwrap().producer.as_str()),
            ("a.jpg", producer)
        );
    }
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_job_tells_what_the_event_told() {
    let fleet = Fleet::new();
    fleet.tell(s3("in/a.jpg")).await;
    let hint = fleet.jobs().await.remove(0).hint.unwrap();
    assert_eq!(
        (hint.etag.as_str(), hint.version_id.as_str(), hint.size_bytes),
        ("\"e\"", "v", 1000)
    );
    assert_eq!(hint.event_time_ms, 1_795_478_400_000);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_that_can_be_read_in_two_ways_makes_two_jobs_and_the_likelier_is_described() {
    let fleet = Fleet::new();
    fleet.tell(s3("in/a+b.jpg")).await;
    let jobs = fleet.jobs().await;
    let told: Vec<_> = jobs
        .iter()
        .map(|job| (job.key.as_str(), job.hint.as_ref().unwrap().etag.as_str()))
        .collect();
    assert_eq!(told, [("a b.jpg", "\"e\""), ("a+b.jpg", "")]);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_removal_makes_a_job_even_where_no_rule_takes_the_key_any_more() {
    let fleet = Fleet::new();
    fleet
        .tell(s3_of("photos", "in/none/a.jpg", "ObjectRemoved:Delete", 0))
        .await;
    fleet.tell(s3("in/none/b.jpg")).await;
    let jobs = fleet.jobs().await;
    let [job] = &jobs[..] else { panic!("{jobs:?}") };
    // A worker waits for an upload that was announced: a removal announces none, whatever version it names.
    assert_eq!(
        (job.key.as_str(), job.hint.as_ref().unwrap().etag.as_str()),
        ("none/a.jpg", "")
    );
    assert_eq!(fleet.count(Producer::S3, EventResult::Unmatched), 1);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_concerns_no_original_is_settled_and_counted_and_makes_no_job() {
    let fleet = Fleet::new();
    let test = json!({ "Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos" });
    let mut marked = record("minio:s3", "photos", "in/a.jpg", "s3:ObjectCreated:Put", 1000);
    marked["s3"]["object"]["userMetadata"] = json!({ "X-Amz-Meta-Minilab": "derivative" });
    for (message, producer, result) in [
        (test, Producer::S3, EventResult::Ignored),
        (
            s3_of("forged", "in/a.jpg", "ObjectCreated:Put", 1),
            Producer::S3,
            EventResult::Foreign,
        ),
        (s3("elsewhere/a.jpg"), Producer::S3, EventResult::Outside),
        (s3("in/"), Producer::S3, EventResult::Outside),
        (
            s3_of("photos", "in/folder/", "ObjectCreated:Put", 0),
            Producer::S3,
            EventResult::Empty,
        ),
        (s3("out/a.jpg/thumb-320w.webp"), Producer::S3, EventResult::Ours),
        (s3("state/records/a.jpg"), Producer::S3, EventResult::Ours),
        (json!({ "Records": [marked] }), Producer::Minio, EventResult::Ours),
        (s3(&"x".repeat(1025)), Producer::S3, EventResult::Refused),
    ] {
        let before = fleet.count(producer, result);
        fleet.tell(&message).await;
        fleet.settled().await;
        assert_eq!(fleet.count(producer, result), before + 1, "{message}");
    }
    assert_eq!(
        fleet
            .world
            .metrics
            .dispatcher
            .keys_refused_total
            .get(KeyRefusal::TooLong),
        1
    );
    assert_eq!(fleet.keys().await, [""; 0]);
    assert_eq!(fleet.broker.depth(&dead_queue()).await.unwrap().known(), 0);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_message_becomes_a_dead_letter_with_its_body_and_the_reason() {
    let fleet = Fleet::new();
    let body = r#"{"hello":"world"}"#;
    fleet.tell(body).await;
    let kept = fleet.unreadable().await;
    let told = (kept.begins.as_str(), kept.reason.as_str());
    assert_eq!(told, (body, "events: unknown form: no producer's"));
    fleet.settled().await;
    assert_eq!(fleet.count(Producer::Unknown, EventResult::Unknown), 1);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_event_many_times_is_one_job() {
    let fleet = Fleet::new();
    for _ in 0..20 {
        fleet.tell(s3("in/a.jpg")).await;
    }
    assert_eq!(fleet.keys().await, ["a.jpg"]);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_event_whose_jobs_are_not_confirmed_is_not_settled_and_comes_again() {
    // The first message sent is the event itself.
    let moments = [Moment::BeforeEffect, Moment::AfterEffect];
    for moment in moments {
        let mut fleet = Fleet::with(&[Fault::Send { nth: 2, moment }]);
        fleet.tell(s3("in/a.jpg")).await;
        let why = fleet.until_ready(|ready| *ready != Ready::Yes).await;
        assert!(
            matches!(&why, Ready::No(reason) if reason.starts_with("jobs cannot be queued")),
            "{why:?}"
        );
        assert_eq!(fleet.events().await, 1);
        assert_eq!(fleet.keys().await, ["a.jpg"]);
        fleet.until_ready(|ready| *ready == Ready::Yes).await;
        fleet.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn all_records_of_a_message_have_their_jobs_before_it_is_settled() {
    let fleet = Fleet::with(&[Fault::Settle {
        nth: 1,
        moment: Moment::BeforeEffect,
    }]);
    let records: Vec<_> = (0..600)
        .map(|n| {
            record(
                "aws:s3",
                "photos",
                &format!("in/{n:03}.jpg"),
                "ObjectCreated:Put",
                1,
            )
        })
        .collect();
    fleet.tell(json!({ "Records": records })).await;
    let keys = fleet.keys().await;
    assert_eq!(
        (keys.len(), keys[0].as_str(), keys[599].as_str()),
        (600, "000.jpg", "599.jpg")
    );
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_away_for_an_hour_ends_nothing_and_readiness_says_why() {
    let mut fleet = Fleet::new();
    fleet.broker.cut();
    let why = fleet.until_ready(|ready| *ready != Ready::Yes).await;
    assert!(
        matches!(&why, Ready::No(reason) if reason.contains("the broker is unavailable")),
        "{why:?}"
    );
    tokio::time::sleep(Duration::from_hours(1)).await;
    assert!(!fleet.running.is_finished());
    fleet.broker.mend();
    fleet.until_ready(|ready| *ready == Ready::Yes).await;
    fleet.tell(s3("in/a.jpg")).await;
    assert_eq!(fleet.keys().await, ["a.jpg"]);
    fleet.stop().await;
}

/// It answers what it is asked, so that only sending tells.
#[tokio::test(start_paused = true)]
async fn while_the_broker_takes_no_jobs_events_are_left_where_they_are_and_readiness_says_why() {
    let mut fleet = Fleet::new();
    fleet.tell(s3("in/a.jpg")).await;
    fleet.tell(s3("in/b.jpg")).await;
    fleet.broker.block();
    fleet.until_ready(|ready| *ready != Ready::Yes).await;
    let handed_out = fleet.broker.handed_out();
    for _ in 0..60 {
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert!(
            matches!(&*fleet.ready.borrow(), Ready::No(reason) if reason.contains("jobs cannot be queued")),
        );
    }
    assert_eq!((fleet.events().await, fleet.broker.handed_out()), (2, handed_out));
    fleet.broker.mend();
    fleet.until_ready(|ready| *ready == Ready::Yes).await;
    let mut keys = fleet.keys().await;
    keys.sort();
    assert_eq!(keys, ["a.jpg", "b.jpg"]);
    fleet.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_the_wait_for_events_at_once() {
    let fleet = Fleet::new();
    fleet.settled().await;
    let begun = Instant::now();
    fleet.stop().await;
    assert!(begun.elapsed() < Duration::from_secs(1));
}
