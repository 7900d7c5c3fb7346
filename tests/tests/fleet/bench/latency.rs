//! From an event to a thumbnail that can be read: while nothing else is to be done, and while 10,000 bulk jobs wait.
use std::time::{Duration, Instant};

use bytes::Bytes;
use minilab_store::{Key, PutOptions};

use super::{
    photo,
    report::{Report, percentile},
};
use crate::{
    backlog,
    broker::Producer,
    comparison,
    events::{self, Said},
    pictures::Pictures,
    world::{ORIGINALS, World},
};

const UPLOADS: usize = 50;
const BACKLOG: u64 = 10_000;
const DECODES: &str = "minilab_decodes_total";
const LOOK_EVERY: Duration = Duration::from_millis(4);
const WITHIN: Duration = Duration::from_mins(2);

pub async fn measure(world: &World, report: &mut Report) {
    let photo = Bytes::from(tokio::task::spawn_blocking(photo).await.unwrap());
    let small = tokio::task::spawn_blocking(Pictures::cut)
        .await
        .unwrap()
        .upload(0, 0);
    let mut dispatcher = world.dispatcher("latency-dispatcher").role.start();
    dispatcher.ready().await;
    let role = world.worker("latency-worker", &["--slots", "2"]);

    let mut worker = role.start();
    worker.ready().await;
    uploads(world, &photo, "warm", 5).await;
    let decodes_before = worker.metric(DECODES, "").await;
    let idle = uploads(world, &photo, "idle", UPLOADS).await;
    let decodes = (worker.metric(DECODES, "").await - decodes_before) / UPLOADS as f64;
    report.promised("decodes per original, two lanes, idle fleet", 1.0, decodes, "");
    drop(worker);
    backlog::queue(world, small.into(), 0..BACKLOG).await;
    let mut worker = role.start();
    worker.ready().await;
    uploads(world, &photo, "warm again", 5).await;
    let busy = uploads(world, &photo, "busy", UPLOADS).await;
    let waiting = backlog::queued(world, "bulk").await;

    let what =
        |percent, when| format!("event to first thumbnail of a 12 Mpx JPEG, p{percent} of {UPLOADS}, {when}");
    report.at_most(&what(50, "idle fleet"), 150.0, percentile(&idle, 50), " ms");
    report.at_most(&what(99, "idle fleet"), 400.0, percentile(&idle, 99), " ms");
    report.told(
        &what(50, "10,000 bulk jobs queued"),
        format!("{:.1} ms", percentile(&busy, 50)),
    );
    report.told(
        &what(99, "10,000 bulk jobs queued"),
        format!("{:.1} ms", percentile(&busy, 99)),
    );
    report.promised(
        "p99 under the backlog over p99 idle",
        2.0,
        percentile(&busy, 99) / percentile(&idle, 99),
        "",
    );
    report.told(
        "bulk jobs that still wait at the end",
        format!("{waiting} of {BACKLOG}"),
    );
    report.told("slowest five, idle", slowest(&idle));
    report.told("slowest five, under the backlog", slowest(&busy));
}

fn slowest(sorted: &[f64]) -> String {
    let slowest: Vec<String> = sorted.iter().rev().take(5).map(|ms| format!("{ms:.0}")).collect();
    format!("{} ms", slowest.join(", "))
}

/// One after the other, each when the one before is complete; milliseconds, sorted.
async fn uploads(world: &World, photo: &Bytes, album: &str, count: usize) -> Vec<f64> {
    let producer = world.producer().await;
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        times.push(upload(world, &producer, photo, &format!("{album}/{number}.jpg")).await);
    }
    times.sort_by(f64::total_cmp);
    times
}

async fn upload(world: &World, producer: &Producer, photo: &Bytes, key: &str) -> f64 {
    let put = PutOptions::default();
    world
        .originals
        .put(&Key::new(key).unwrap(), photo.clone(), put)
        .await
        .unwrap();
    let size_bytes = photo.len();
    let event = events::notification(ORIGINALS, key, &Said::Created { size_bytes });
    let begun = Instant::now();
    producer.publish(&event).await.unwrap();
    let name = format!("{key}/manifest.json");
    let mut shown = None;
    loop {
        if let Some(bytes) = comparison::read(&*world.media, &name).await {
            let manifest = comparison::json(&bytes);
            if !manifest["derivatives"]["thumb"].is_null() {
                shown.get_or_insert_with(|| begun.elapsed().as_secs_f64() * 1000.0);
            }
            if manifest["status"] == "complete" {
                return shown.expect("what is complete has a thumbnail");
            }
        }
        assert!(
            begun.elapsed() < WITHIN,
            "{key} is not complete within {WITHIN:?}"
        );
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
