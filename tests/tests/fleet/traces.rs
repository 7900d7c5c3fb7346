//! One upload is one trace, through the dispatcher and every worker that has a part in it; and no job waits for whoever is told.
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use minilab_protos::otlp::Kind;

use crate::{
    collector::{Collector, Told},
    ledger::Upload,
    pictures::Pictures,
    process::Role,
    world::{Options, World, is_possible},
};

const STOPPED_WITHIN: Duration = Duration::from_mins(2);
const UPLOAD: Upload = Upload {
    number: 1,
    picture: 1,
};

fn telling(role: Role, endpoint: &str) -> Role {
    let mut role = role;
    role.env
        .push(("OTEL_EXPORTER_OTLP_ENDPOINT".to_owned(), endpoint.to_owned()));
    role
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_is_one_trace_from_its_event_through_the_dispatcher_and_both_workers() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let collector = Collector::listen().await;
    let roles = [
        world.dispatcher("dispatcher").role,
        world.worker("fast", &["--slots", "1", "--lanes", "fast"]),
        world.worker("slow", &["--slots", "1", "--lanes", "standard,bulk"]),
    ]
    .map(|role| telling(role, &collector.endpoint));
    let mut processes = roles.each_ref().map(Role::start);
    for process in &mut processes {
        process.ready().await;
    }
    let told = world.upload(&pictures, "a.jpg", UPLOAD).await;
    world.producer().await.publish(&told).await.unwrap();
    world
        .manifest("a.jpg", |manifest| manifest["status"] == "complete")
        .await;
    // A process that is told to stop finishes its job, and tells what is left when it ends.
    for process in processes {
        assert!(process.terminate(STOPPED_WITHIN).await.unwrap().0.success());
    }

    let spans = collector.told();
    let event = begins_one_trace(&spans);
    let attempts = goes_on_from_lane_to_lane(&spans);
    let trace = hex::encode(&event.span.trace_id);
    for role in &roles[1..] {
        let lines = role.logged();
        let jobs: Vec<_> = lines.iter().filter(|line| !line["job.id"].is_null()).collect();
        let all_name_it = jobs.iter().all(|line| line["trace.id"] == *trace);
        assert!(!jobs.is_empty() && all_name_it, "{jobs:#?}");
    }
    println!("{} spans of one trace, {attempts} attempts", spans.len());
}

fn named<'a>(spans: &'a [Told], name: &str) -> Vec<&'a Told> {
    spans.iter().filter(|told| told.span.name == name).collect()
}

/// The event, which all are below, and the sending of its job.
fn begins_one_trace(spans: &[Told]) -> &Told {
    let [event] = named(spans, "event")[..] else {
        panic!("{spans:#?}")
    };
    let ids: BTreeSet<_> = spans.iter().map(|told| &told.span.span_id).collect();
    assert_eq!(ids.len(), spans.len(), "no span is told twice");
    for told in spans {
        assert_eq!(told.span.trace_id, event.span.trace_id, "{told:#?}");
        assert!(
            told.span.start_time_unix_nano <= told.span.end_time_unix_nano,
            "{told:#?}"
        );
        assert!(told.span.status.is_none(), "{told:#?}");
    }
    assert!(event.span.parent_span_id.is_empty());
    assert_eq!(event.service, "minilab-dispatcher");
    assert_eq!(event.attribute("original.key"), "a.jpg");
    let [send] = named(spans, "send")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(send.span.parent_span_id, event.span.span_id);
    assert_eq!(send.span.kind(), Kind::Producer);
    event
}

/// How many attempts there were: that of the next lane is below the one that handed it on, and each has its wait and its steps.
fn goes_on_from_lane_to_lane(spans: &[Told]) -> usize {
    let attempts = named(spans, "attempt");
    let of = |lane: &str| {
        let found = attempts.iter().find(|told| told.attribute("lane") == lane);
        *found.unwrap_or_else(|| panic!("no attempt of {lane}: {spans:#?}"))
    };
    let (fast, standard) = (of("fast"), of("standard"));
    assert_eq!(fast.span.parent_span_id, named(spans, "send")[0].span.span_id);
    assert_eq!(standard.span.parent_span_id, fast.span.span_id);
    for attempt in [fast, standard] {
        assert_eq!(attempt.span.kind(), Kind::Consumer);
        assert_eq!(attempt.service, "minilab-worker");
        assert_eq!(attempt.attribute("class"), "complete");
        let is_below = |told: &&Told| told.span.parent_span_id == attempt.span.span_id;
        for step in ["load", "look", "make", "swap", "verify", "hand_on"] {
            let steps = named(spans, step);
            assert!(steps.iter().any(is_below), "{step} of {attempt:#?}");
        }
        let is_beside = |told: &&Told| told.span.parent_span_id == attempt.span.parent_span_id;
        assert!(named(spans, "wait").iter().any(is_beside), "{spans:#?}");
    }
    attempts.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_jobs_are_done_and_spans_are_dropped_and_counted() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options::default()).await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    // Nobody listens on port 1.
    let roles = [
        world.dispatcher("dispatcher").role,
        world.worker("worker", &["--slots", "1"]),
    ]
    .map(|role| telling(role, "http://127.0.0.1:1"));
    let mut processes = roles.each_ref().map(Role::start);
    for process in &mut processes {
        process.ready().await;
    }
    let told = world.upload(&pictures, "a.jpg", UPLOAD).await;
    world.producer().await.publish(&told).await.unwrap();
    world
        .manifest("a.jpg", |manifest| manifest["status"] == "complete")
        .await;
    let begun = Instant::now();
    for process in &processes {
        while process.metric("minilab_trace_spans_dropped_total", "").await < 1.0 {
            assert!(
                begun.elapsed() < STOPPED_WITHIN,
                "{}",
                process.role().last_words()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert!(process.metric("minilab_trace_spans_sent_total", "").await < 1.0);
    }
}
