//! What a job costs beside pixels: tiny originals of one file, and then the same jobs again, when everything is there.
use std::{
    ops::Range,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use minilab_store::{Key, PutOptions};
use rustix::process::Signal;

use super::{report::Report, usage::Cpu};
use crate::{
    backlog,
    events::{self, Said},
    process::Process,
    world::{ORIGINALS, World},
};

const JOBS: u64 = 1_000;
/// Before that, renderers start and connections are made.
const WARM: u64 = 50;
const AT_ONCE: usize = 32;
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub async fn measure(world: &World, report: &mut Report) {
    let mut dispatcher = world.dispatcher("small-dispatcher").role.start();
    let mut worker = world.worker("small-worker", &[]).start();
    dispatcher.ready().await;
    worker.ready().await;
    run(world, &worker, 0..WARM).await;
    let made = run(world, &worker, WARM..WARM + JOBS).await;
    report.at_most(
        "tiny job (64 px PNG, one file), CPU of worker and renderers",
        3.0,
        made.cpu_ms(),
        " ms",
    );
    report.told(
        "tiny job: of which renderers",
        format!("{:.1} ms", made.renderers_ms()),
    );
    report.told("tiny job: store requests", format!("{:.2}", made.requests));
    report.told("tiny job: wall time", format!("{:.1} ms", made.wall_ms));
    let noop = run(world, &worker, WARM..WARM + JOBS).await;
    report.at_most("no-op job, CPU", 5.0, noop.cpu_ms(), " ms");
    report.at_most("no-op job, store requests", 2.0, noop.requests, "");
    report.told("no-op job: wall time", format!("{:.1} ms", noop.wall_ms));
}

/// Of one job.
struct Cost {
    cpu: Cpu,
    jobs: f64,
    requests: f64,
    wall_ms: f64,
}

impl Cost {
    fn cpu_ms(&self) -> f64 {
        self.cpu.total().as_secs_f64() * 1000.0 / self.jobs
    }

    fn renderers_ms(&self) -> f64 {
        self.cpu.children.as_secs_f64() * 1000.0 / self.jobs
    }
}

/// Queues a job for each while the worker is stopped, and lets it go.
async fn run(world: &World, worker: &Process, numbers: Range<u64>) -> Cost {
    let done = async |worker: &Process| worker.metric("minilab_jobs_total", "").await as u64;
    let requests = async |worker: &Process| worker.metric("minilab_store_requests_total", "").await;
    let (done_before, requests_before) = (done(worker).await, requests(worker).await);
    worker.signal(Signal::STOP);
    let (producer, jobs) = (world.producer().await, numbers.end - numbers.start);
    let png = Bytes::from(png());
    stream::iter(numbers)
        .map(Ok::<_, anyhow::Error>)
        .try_for_each_concurrent(AT_ONCE, async |number| {
            let key = Key::new(format!("small/{number}.png"))?;
            let put = world.originals.put(&key, png.clone(), PutOptions::default());
            put.await?;
            let size_bytes = png.len();
            let event = events::notification(ORIGINALS, key.as_str(), &Said::Created { size_bytes });
            producer.publish(&event).await
        })
        .await
        .unwrap();
    backlog::waiting(world, "fast", jobs).await;
    let before = Cpu::of(worker);
    let begun = Instant::now();
    worker.signal(Signal::CONT);
    while done(worker).await < done_before + jobs {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Cost {
        cpu: Cpu::of(worker).since(before),
        jobs: jobs as f64,
        requests: (requests(worker).await - requests_before) / jobs as f64,
        wall_ms: begun.elapsed().as_secs_f64() * 1000.0 / jobs as f64,
    }
}

/// 64 by 64 pixels in several colours.
fn png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 64, 64);
    encoder.set_color(png::ColorType::Rgb);
    let pixels: Vec<u8> = (0..64 * 64 * 3_u32).map(|at| (at % 251) as u8).collect();
    encoder.write_header().unwrap().write_image_data(&pixels).unwrap();
    bytes
}
