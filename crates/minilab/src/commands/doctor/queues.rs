//! The queues: can they be reached, and are they as they should be?
use std::sync::Arc;

use minilab_queue::Queue;
use minilab_recipe::{Lane, QueueConfig};
use minilab_worker::lane_queue;

use super::report::{Finding, Report};
use crate::compose::{self, Places};

/// The queue, if it works.
pub(super) async fn look(report: &mut Report, places: &Places) -> Option<Arc<dyn Queue>> {
    let is_shared = !matches!(places.queue, QueueConfig::Sqlite(_));
    // Under `declare: apply` every process makes what is missing when it connects, and so does this one.
    let queue = reach(report, places, is_shared).await;
    if is_shared {
        topology(report, &places.queue).await;
    }
    queue
}

async fn reach(report: &mut Report, places: &Places, is_shared: bool) -> Option<Arc<dyn Queue>> {
    let reached = async {
        let queue = compose::open_queue(&places.queue).await?;
        let depth = queue.depth(&lane_queue(Lane::Fast)).await?;
        anyhow::Ok((queue, depth))
    };
    match reached.await {
        Ok((queue, depth)) => {
            let waiting = depth.ready;
            report.add(Finding::ok(
                "queue",
                format!("reached; {waiting} jobs of the lane fast wait"),
            ));
            Some(queue)
        }
        // The one who has it shows by its own probes that it works.
        Err(error) if !is_shared && is_held(&error) => {
            report.add(Finding::ok("queue", "in use by the process that owns it"));
            None
        }
        Err(error) => {
            let fix = "correct `queue`, or see that the broker is there and grants what roles need";
            report.add(Finding::fail("queue", &error, fix));
            None
        }
    }
}

async fn topology(report: &mut Report, queue: &QueueConfig) {
    const CHECK: &str = "topology";
    report.add(match compose::check_topology(queue).await {
        Ok(found) if found.wrong.is_empty() => Finding::ok(CHECK, "exchanges and queues are as they should be"),
        Ok(found) => Finding::wrong(
            CHECK,
            found.wrong.join("; "),
            "minilab topology apply makes what is missing; what differs must be deleted when it is empty, or take another prefix",
        ),
        Err(error) => Finding::fail(CHECK, &error, "correct `queue`, or see that the broker is there"),
    });
}

fn is_held(error: &anyhow::Error) -> bool {
    let queue = error.downcast_ref::<minilab_queue::Error>();
    matches!(queue, Some(minilab_queue::Error::Unusable { .. })) && format!("{error:#}").contains("process")
}
