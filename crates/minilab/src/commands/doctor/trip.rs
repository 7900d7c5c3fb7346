//! A message through the queue of events, and back.
//!
//! It is the test event that S3 itself sends: whoever takes events settles it without a word, so that a fleet at work takes no
//! notice, and nothing of it is ever left. A dispatcher that is there gets it first; only if none takes it, it is taken back
//! here, and what else is received meanwhile is handed back as it was. Counts may lag behind (those of SQS do), so a queue that
//! seems empty is asked for the message before that counts as taken.
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
/// The same where the queue says that it is empty: a poll as long asks all that keep its messages.
const EMPTY_WITHIN: Duration = Duration::from_secs(4);
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
    match travel(queue, patience, &test_event()).await {
        Ok(finding) => finding,
        Err(error) => Finding::fail(CHECK, &error, fix),
    }
}

async fn travel(queue: &dyn Queue, patience: Duration, message: &str) -> Result<Finding> {
    let name = events_queue();
    let begun = Instant::now();
    queue
        .send(vec![Outgoing::new(name.clone(), message.to_owned())])
        .await?;
    let mut seems_taken = None;
    while seems_taken.is_none() && begun.elapsed() < patience {
        if queue.depth(&name).await?.known() == 0 {
            seems_taken = Some(begun.elapsed());
        } else {
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }
    let within = if seems_taken.is_some() {
        EMPTY_WITHIN
    } else {
        BACK_WITHIN
    };
    let (came_back, others) = take_back(queue, message, within).await?;
    Ok(match seems_taken {
        _ if came_back => arrived(others),
        Some(took) => {
            let took = units::duration(took);
            Finding::ok(
                CHECK,
                format!("a test event was taken by a dispatcher within {took}"),
            )
        }
        None => {
            let fix =
                "look whether a dispatcher is at work; if none is, the queue of events does not deliver";
            Finding::warn(CHECK, "a test event was sent and not seen again", fix)
        }
    })
}

/// Did it come back, and after how many others?
async fn take_back(queue: &dyn Queue, message: &str, within: Duration) -> Result<(bool, u64)> {
    let (name, begun) = (events_queue(), Instant::now());
    let (mut came_back, mut others) = (false, 0);
    while !came_back && begun.elapsed() < within {
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
            came_back |= is_ours;
            others += u64::from(!is_ours);
        }
    }
    Ok((came_back, others))
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

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use minilab_queue::{Delivery, Depth, Error, Limits, Memory, QueueName, Receipt, Settled};

    use super::*;

    /// A queue whose counts are always of long ago, when there was nothing.
    #[derive(Debug)]
    struct Lagging {
        queue: Memory,
        /// Does somebody else take what is sent?
        is_taken: bool,
    }

    #[async_trait]
    impl Queue for Lagging {
        fn limits(&self) -> Limits {
            self.queue.limits()
        }

        async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
            if self.is_taken {
                return Ok(());
            }
            self.queue.send(messages).await
        }

        async fn receive(
            &self,
            queue: &QueueName,
            max: usize,
            wait: Duration,
        ) -> Result<Vec<Delivery>, Error> {
            self.queue.receive(queue, max, wait).await
        }

        async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
            self.queue.extend(receipt).await
        }

        async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
            self.queue.settle(receipt, disposition).await
        }

        async fn depth(&self, _: &QueueName) -> Result<Depth, Error> {
            Ok(Depth::default())
        }
    }

    async fn told(is_taken: bool) -> String {
        let queue = Lagging {
            queue: Memory::default(),
            is_taken,
        };
        let finding = travel(&queue, TAKEN_WITHIN, "a test event").await.unwrap();
        let left = queue.queue.depth(&events_queue()).await.unwrap();
        assert_eq!(left.known(), 0, "nothing stays behind");
        format!("{finding:?}")
    }

    #[tokio::test]
    async fn a_count_of_nothing_is_no_dispatcher() {
        assert!(told(false).await.contains("no dispatcher took it"));
    }

    #[tokio::test]
    async fn what_neither_counts_nor_comes_back_was_taken() {
        assert!(told(true).await.contains("was taken by a dispatcher"));
    }
}
