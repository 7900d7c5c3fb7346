//! What autoscalers are told: seconds of work that wait, beside what workers then take, over HTTP and over KEDA's gRPC.
use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use minilab_queue::{RabbitMq, RabbitMqConfig};
use minilab_scaling::{Batch, Place, Sent, Waiting};
use minilab_store::{Key, PutOptions};
use serde_json::Value;

use crate::{
    events::{self, Said},
    grpc::{self, ScaledObjectRef, external_scaler_client::ExternalScalerClient},
    pictures::{Pictures, photo},
    process::{Process, Role},
    world::{Dispatcher, ORIGINALS, Options, World, is_possible},
};

/// A thumbnail and a page's width: little for a small picture, a second for a large one.
const RECIPE: &str = "recipes:
  page:
    derivatives:
      thumb: { resize: { width: 144 }, formats: [webp], lane: fast }
      photo: { resize: { widths: [240, 1200, 2400] }, formats: [webp], lane: fast }
";
const TINY: usize = 1_000;
const HUGE: usize = 20;
/// What the fleet did before: what it learns from has another mix.
const TINY_BEFORE: usize = 40;
const HUGE_BEFORE: usize = 12;
const QUEUE: &str = "minilab.v1.jobs.fast";
const AT_ONCE: usize = 16;
const PATIENCE: Duration = Duration::from_mins(3);
const REST_WITHIN: Duration = Duration::from_mins(5);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn seconds_of_a_mixed_backlog_are_those_that_workers_then_take() {
    if !is_possible() {
        return;
    }
    let world = World::new(Options {
        recipes: RECIPE.to_owned(),
        ..Options::default()
    })
    .await;
    let pictures = tokio::task::spawn_blocking(Pictures::cut).await.unwrap();
    let huge = Bytes::from(fs::read(photo("Elephants_3840x2160.jpg")).unwrap());
    let dispatchers = ["one", "other"].map(|name| world.dispatcher(name));
    let mut running: Vec<_> = dispatchers.iter().map(|one| one.role.start()).collect();
    for process in &mut running {
        process.ready().await;
    }

    let learned = {
        let originals = mixed(&pictures, &huge, ("before", TINY_BEFORE, HUGE_BEFORE));
        let (worked, jobs) = (TINY_BEFORE + HUGE_BEFORE, worked_off(&world, originals).await);
        jobs / worked as f64
    };
    upload(&world, mixed(&pictures, &huge, ("mixed", TINY, HUGE))).await;
    let waiting = (TINY + HUGE) as u64;
    world.queued(QUEUE, waiting).await;
    sent(&world, waiting + (TINY_BEFORE + HUGE_BEFORE) as u64).await;
    let seconds = asked_now(&world).await;
    let mut told = Vec::new();
    for process in &running {
        told.push(figure_of(process, seconds).await);
    }
    for answer in &told {
        assert_eq!(answer["messages"]["ready"], waiting, "{answer}");
        assert_eq!(answer, &told[0], "two dispatchers differ");
    }
    gauge(&running[0], seconds).await;
    let mut watched = over_grpc(&dispatchers[1], seconds).await;
    assert!(watched.next().await.unwrap().unwrap().result);

    let took = worked_off(&world, Vec::new()).await;
    let by_number = learned * waiting as f64;
    println!(
        "{TINY} small and {HUGE} large originals: told {seconds:.1} CPU s, took {took:.1} CPU s ({:+.0} %); their number times \
         the mean of before would be {by_number:.1} s ({:.1} times as much)",
        100.0 * (seconds / took - 1.0),
        by_number / took,
    );
    assert!(
        (seconds / took - 1.0).abs() <= 0.25,
        "told {seconds}, took {took}"
    );
    assert!(
        !(0.5..=2.0).contains(&(by_number / took)),
        "the mix is no test: {by_number} by number, took {took}"
    );
    // Told without being asked again.
    let next = tokio::time::timeout(PATIENCE, watched.next()).await;
    assert!(!next.unwrap().unwrap().unwrap().result);
    // A dispatcher that ends takes leave of who listens.
    let other = running.pop().unwrap();
    let (status, _) = other.terminate(PATIENCE).await.unwrap();
    assert!(status.success(), "{status}");
    let last = watched.next().await;
    assert!(last.is_none(), "{last:?}");
    let empty = figure(&running[0], "fast").await;
    assert_eq!(
        (&empty["waiting_seconds"], &empty["messages"]["ready"]),
        (&0.0.into(), &0.into())
    );
    let unknown = running[0].ask("/scaling/v1/lanes/slow").await.unwrap();
    assert_eq!(unknown.status, 404, "{}", unknown.body);
}

/// Small originals with a large one among every so many.
fn mixed(
    pictures: &Pictures,
    huge: &Bytes,
    (prefix, tiny, large): (&str, usize, usize),
) -> Vec<(String, Bytes)> {
    let tiny = (0..tiny).map(|number| {
        let bytes = pictures.upload(number % 8, number as u64);
        (format!("{prefix}/tiny-{number}.jpg"), Bytes::from(bytes))
    });
    let large = (0..large).map(|number| (format!("{prefix}/large-{number}.jpg"), huge.clone()));
    tiny.chain(large).collect()
}

async fn upload(world: &World, originals: Vec<(String, Bytes)>) {
    let producer = &world.producer().await;
    let originals = stream::iter(originals).map(Ok::<_, anyhow::Error>);
    let uploaded = originals.try_for_each_concurrent(AT_ONCE, async |(key, bytes)| {
        let size_bytes = bytes.len();
        let name = Key::new(key.clone())?;
        world.originals.put(&name, bytes, PutOptions::default()).await?;
        let told = events::notification(ORIGINALS, &key, &Said::Created { size_bytes });
        producer.publish(&told).await
    });
    uploaded.await.unwrap();
}

/// CPU seconds that a worker takes for what waits and for these, as it reports them.
async fn worked_off(world: &World, originals: Vec<(String, Bytes)>) -> f64 {
    let role: Role = world.worker("worker", &["--slots", "2"]);
    let mut working = role.start();
    working.ready().await;
    upload(world, originals).await;
    world.at_rest(REST_WITHIN).await;
    let took = working.metric("minilab_render_cpu_seconds_total", "").await;
    working.terminate(PATIENCE).await.unwrap();
    took
}

/// Until dispatchers have written down so many jobs.
async fn sent(world: &World, jobs: u64) {
    let begun = Instant::now();
    loop {
        let sent = Sent::load(&*world.state).await.unwrap();
        let found: u64 = sent.batches(Place::Fast).iter().map(Batch::jobs).sum();
        if found >= jobs {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{found} of {jobs} are written down");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

async fn figure(process: &Process, lane: &str) -> Value {
    let answer = process.ask(&format!("/scaling/v1/lanes/{lane}")).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// What a dispatcher would say that has not been asked before.
async fn asked_now(world: &World) -> f64 {
    let url = world.broker.rabbitmq().url();
    let queue = RabbitMq::connect(RabbitMqConfig::at(url)).await.unwrap();
    let waiting = Waiting::new(Arc::new(queue), Arc::clone(&world.state));
    waiting.look().await.unwrap()[&Place::Fast].seconds
}

/// A dispatcher's figure, once it is that: for a moment it may still give an answer of before.
async fn figure_of(process: &Process, seconds: f64) -> Value {
    let begun = Instant::now();
    loop {
        let told = figure(process, "fast").await;
        let apart = (told["waiting_seconds"].as_f64().unwrap() - seconds).abs();
        if apart < 1e-9 {
            return told;
        }
        assert!(begun.elapsed() < PATIENCE, "{told}, not {seconds}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Until Prometheus would be told the same.
async fn gauge(process: &Process, seconds: f64) {
    let begun = Instant::now();
    loop {
        let told = process
            .metric("minilab_work_waiting_seconds", "lane=\"fast\"")
            .await;
        if (told - seconds).abs() < 1e-6 * seconds {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{told}, not {seconds}");
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Asks as KEDA does, and goes on listening.
async fn over_grpc(dispatcher: &Dispatcher, seconds: f64) -> tonic::Streaming<grpc::IsActiveResponse> {
    let address = format!("http://{}", dispatcher.role.admin);
    let channel = tonic::transport::Endpoint::from_shared(address).unwrap();
    let mut client = ExternalScalerClient::new(channel.connect().await.unwrap());
    let reference = |metadata: &[(&str, &str)]| ScaledObjectRef {
        name: "minilab-worker-fast".to_owned(),
        namespace: "media".to_owned(),
        scaler_metadata: metadata
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect(),
    };
    let asked = reference(&[("lane", "fast"), ("targetSeconds", "24")]);
    assert!(client.is_active(asked.clone()).await.unwrap().get_ref().result);
    let spec = client.get_metric_spec(asked.clone()).await.unwrap().into_inner();
    let [spec] = &*spec.metric_specs else {
        panic!("{spec:?}")
    };
    assert_eq!(
        (spec.target_size, spec.target_size_float.to_string()),
        (24, "24".to_owned())
    );
    let request = grpc::GetMetricsRequest {
        scaled_object_ref: Some(asked.clone()),
        metric_name: spec.metric_name.clone(),
    };
    let metrics = client.get_metrics(request).await.unwrap().into_inner();
    let [value] = &*metrics.metric_values else {
        panic!("{metrics:?}")
    };
    assert_eq!(value.metric_name, spec.metric_name);
    let apart = (value.metric_value_float - seconds).abs();
    assert!(apart < 1e-9, "gRPC and HTTP differ: {value:?}, {seconds}");
    for wrong in [
        reference(&[("lane", "slow")]),
        reference(&[("lane", "fast"), ("targetSeconds", "-1")]),
    ] {
        let refused = client.get_metric_spec(wrong).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused}");
    }
    client.stream_is_active(asked).await.unwrap().into_inner()
}
