//! One upload is one trace, through the dispatcher and every worker that has a part in it; and no job waits for whoever is told.
use std::{
    collections::BTreeMap,
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
    let told: BTreeMap<_, _> = spans
        .iter()
        .map(|told| (told.span.span_id.clone(), told))
        .collect();
    assert_eq!(told.len(), spans.len(), "no span is told twice");
    let parent = |told_of: &Told| told.get(&told_of.span.parent_span_id).copied();
    let named = |name: &str| {
        spans
            .iter()
            .filter(|told| told.span.name == name)
            .collect::<Vec<_>>()
    };
    let [event] = named("event")[..] else {
        panic!("{spans:#?}")
    };
    for told in &spans {
        assert_eq!(told.span.trace_id, event.span.trace_id, "{told:#?}");
        assert!(
            told.span.start_time_unix_nano <= told.span.end_time_unix_nano,
            "{told:#?}"
        );
        assert!(told.span.status.is_none(), "{told:#?}");
    }
    assert!(event.span.parent_span_id.is_empty());
    assert_eq!(
        (event.service.as_str(), event.attribute("original.key").as_str()),
        ("minilab-dispatcher", "a.jpg")
    );
    let [send] = named("send")[..] else {
        panic!("{spans:#?}")
    };
    assert_eq!(parent(send).unwrap().span.name, "event");
    assert_eq!(send.span.kind(), Kind::Producer);

    let attempts = named("attempt");
    let of = |lane: &str| {
        attempts
            .iter()
            .find(|told| told.attribute("lane") == lane)
            .copied()
    };
    let (fast, standard) = (of("fast").unwrap(), of("standard").unwrap());
    assert_eq!(parent(fast).unwrap().span.name, "send");
    assert_eq!(
        parent(standard).unwrap().span.span_id,
        fast.span.span_id,
        "the next lane goes on below this one"
    );
    for attempt in [fast, standard] {
        assert_eq!(attempt.span.kind(), Kind::Consumer);
        assert_eq!(
            (attempt.service.as_str(), attempt.attribute("class").as_str()),
            ("minilab-worker", "complete")
        );
        let of_attempt = |name: &str| {
            named(name)
                .into_iter()
                .filter(|step| step.span.parent_span_id == attempt.span.span_id)
                .count()
        };
        for step in ["load", "look", "make", "swap", "verify", "hand_on"] {
            assert!(of_attempt(step) >= 1, "{step} of {attempt:#?}");
        }
        let sender = &attempt.span.parent_span_id;
        assert!(
            named("wait")
                .iter()
                .any(|wait| wait.span.parent_span_id == *sender),
            "{spans:#?}"
        );
    }
    let trace = event
        .span
        .trace_id
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    for role in &roles[1..] {
        let lines = role.logged();
        let jobs: Vec<_> = lines.iter().filter(|line| !line["job.id"].is_null()).collect();
        assert!(
            !jobs.is_empty() && jobs.iter().all(|line| line["trace.id"] == *trace),
            "{jobs:#?}"
        );
    }
    println!("{} spans of one trace, {} attempts", spans.len(), attempts.len());
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
