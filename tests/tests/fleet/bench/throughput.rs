//! The dispatcher: events that wait in the broker, turned into jobs that the broker has confirmed.
use std::time::{Duration, Instant};

use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    report::Report,
    usage::{Cpu, peak_mb},
};
use crate::{
    events::{self, Said},
    process::Process,
    world::{ORIGINALS, World},
};

const EVENTS: u64 = 20_000;
const AT_ONCE: usize = 500;
/// Twice what it takes: were it to hold all that waits, it would need several times as much.
const MEMORY_MB_MAX: f64 = 100.0;
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub async fn measure(world: &World, report: &mut Report) {
    // A broker that is new has no exchange to publish to.
    world
        .operate(&["topology", "apply", "--config", "minilab.yaml"])
        .await
        .unwrap();
    let producer = world.producer().await;
    let all = stream::iter(0..EVENTS).map(|number| {
        let key = format!("albums/{}/{number}.jpg", number % 100);
        Ok(events::notification(
            ORIGINALS,
            &key,
            &Said::Created {
                size_bytes: 3_000_000,
            },
        ))
    });
    all.try_for_each_concurrent(AT_ONCE, async |event: Vec<u8>| producer.publish(&event).await)
        .await
        .unwrap();

    let dispatcher = world.dispatcher("dispatcher").role;
    let mut process = dispatcher.start();
    process.ready().await;
    let jobs = async |process: &Process| {
        process
            .metric("minilab_events_total", r#"result="enqueued""#)
            .await as u64
    };
    let (begun, before, first) = (Instant::now(), Cpu::of(&process), jobs(&process).await);
    while jobs(&process).await < EVENTS {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let (wall, used) = (begun.elapsed(), Cpu::of(&process).since(before).total());
    let done = (EVENTS - first) as f64;
    report.told(
        "dispatcher: events to confirmed jobs, broker on the same cores",
        format!("{:.0} a second", done / wall.as_secs_f64()),
    );
    report.at_least(
        "dispatcher: the same for one core's time",
        3000.0,
        done / used.as_secs_f64(),
        " a CPU second",
    );
    report.promised(
        "dispatcher: peak memory, with 20,000 events waiting",
        MEMORY_MB_MAX,
        peak_mb(&process),
        " MB",
    );
    drop(process);
    let broker = world.broker.rabbitmq();
    broker
        .rabbitmqctl(&["purge_queue", "minilab.v1.jobs.fast"])
        .unwrap();
}
