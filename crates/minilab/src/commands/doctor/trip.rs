//! A message through the queue of events, and back.
//!
//! It is the test event that S3 itself sends: whoever takes events settles it without a word, so that a fleet at work takes no
//! notice, and nothing of it is ever left. A dispatcher that is there gets it first; only if none takes it, it is taken back
//! here, and what else is received meanwhile is handed back as it was.
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use anyhow::Result;
use minilab_dispatcher::events_queue;
use minilab_queue::{Disposition, Outgoing, Queue};
use minilab_recipe::QueueConfig;
use serde_json::json;

use super::report::{Finding, Report};
use crate::{
    compose::{self, Places},
    config::Config,
    units,
};

/// A dispatcher that is there takes it within moments. A queue of one machine has no other process.
const TAKEN_WITHIN: Duration = Duration::from_secs(3);
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);
/// For taking it back.
const BACK_WITHIN: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_secs(2);
const CHECK: &str = "round trip";

pub(super) async fn look(
    report: &mut Report,
    config: &Config,
    places: &Places,
    jobs: Option<&Arc<dyn Queue>>,
) {
    let Some(jobs) = jobs else {
        report.add(Finding::skipped(CHECK, "there is no queue to send through"));
        return;
    };
    let patience = match places.queue {
        QueueConfig::Sqlite(_) => Duration::ZERO,
        _ => TAKEN_WITHIN,
    };
    let fix = "see that the queue of events is there and may be sent to and received from";
    match compose::open_events(&config.document, jobs).await {
        Err(error) => report.add(Finding::fail(CHECK, &error, fix)),
        // Nothing is told there; whether the queue delivers can be seen all the same.
        Ok(queues) if queues.is_empty() => report.add(round(&**jobs, patience, fix).await),
        Ok(queues) => {
            for queue in queues {
                report.add(round(&*queue, patience, fix).await);
                // Another broker may hold the events.
                if !Arc::ptr_eq(&queue, jobs) {
                    queue.close().await;
                }
            }
        }
    }
}

async fn round(queue: &dyn Queue, patience: Duration, fix: &str) -> Finding {
    match travel(queue, patience).await {
        Ok(finding) => finding,
        Err(error) => Finding::fail(CHECK, &error, fix),
    }
}

async fn travel(queue: &dyn Queue, patience: Duration) -> Result<Finding> {
    let name = events_queue();
    let begun = Instant::now();
    let message = test_event();
    queue
        .send(vec![Outgoing::new(name.clone(), message.clone())])
        .await?;
    while begun.elapsed() < patience {
        if queue.depth(&name).await?.known() == 0 {
            let took = units::duration(begun.elapsed());
            return Ok(Finding::ok(
                CHECK,
                format!("a test event was taken by a dispatcher within {took}"),
            ));
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
    let taking_back = Instant::now();
    let mut others = 0;
    while taking_back.elapsed() < BACK_WITHIN {
        for delivery in queue.receive(&name, queue.limits().receive_max, POLL).await? {
            let is_ours = delivery.payload == message.as_bytes();
            let disposition = if is_ours {
                Disposition::Complete
            } else {
                Disposition::Release {
                    delay: Duration::ZERO,
                }
            };
            queue.settle(&delivery.receipt, disposition).await?;
            if is_ours {
                return Ok(arrived(others));
            }
            others += 1;
        }
    }
    let fix = "look whether a dispatcher is at work; if none is, the queue of events does not deliver";
    Ok(Finding::warn(
        CHECK,
        "a test event was sent and not seen again",
        fix,
    ))
}

fn arrived(others: u64) -> Finding {
    if others == 0 {
        return Finding::ok(CHECK, "a test event came back; no dispatcher took it");
    }
    let told = format!("a test event came back after {others} others: no dispatcher takes events");
    Finding::warn(CHECK, told, "start a dispatcher")
}

/// As S3 sends it when notifications are set up.
fn test_event() -> String {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let id = format!("minilab-doctor-{}-{}", std::process::id(), now.as_nanos());
    json!({
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": jiff::Timestamp::now(),
        "Bucket": "minilab-doctor",
        "RequestId": id,
        "HostId": "minilab doctor",
    })
    .to_string()
}
