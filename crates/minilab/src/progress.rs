//! How far a running `standalone` is: a bar on a terminal, a line now and then elsewhere.
use std::{
    io::{self, IsTerminal as _},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use minilab_dispatcher::Progress;
use minilab_queue::Queue;
use minilab_recipe::Lane;
use minilab_worker::{
    lane_queue,
    outcome::Class,
    report::{FileOutcome, JobReport},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::speech;

/// On a terminal: often enough to look alive.
const BAR_EVERY: Duration = Duration::from_millis(250);
/// Elsewhere: rarely enough for a log.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// What has been done since the start.
#[derive(Debug, Default)]
pub struct Tally {
    settled: AtomicU64,
    failed: AtomicU64,
    files: AtomicU64,
}

impl Tally {
    /// Counts one delivery.
    pub fn note(&self, report: &JobReport) {
        if report.settlement.is_none() {
            return;
        }
        self.files
            .fetch_add(report.work.files(FileOutcome::Made), Relaxed);
        self.settled.fetch_add(1, Relaxed);
        if matches!(
            report.class,
            Class::Input | Class::Partial | Class::Crash | Class::Denied
        ) {
            self.failed.fetch_add(1, Relaxed);
        }
    }

    /// Files made since the start.
    pub fn files(&self) -> u64 {
        self.files.load(Relaxed)
    }
}

/// Where the figures come from.
#[derive(Debug, Clone)]
pub struct Meter {
    /// What the worker did.
    pub tally: Arc<Tally>,
    /// What the dispatcher saw.
    pub dispatcher: watch::Receiver<Progress>,
    /// Where jobs wait.
    pub queue: Arc<dyn Queue>,
}

impl Meter {
    /// Shows it until `stop`.
    pub async fn show(self, stop: CancellationToken) {
        let bar = io::stderr().is_terminal().then(bar);
        let every = if bar.is_some() { BAR_EVERY } else { LINE_EVERY };
        let mut last = String::new();
        // Not at once: there is nothing to tell yet. But once more at the end, however short it was.
        while stop
            .run_until_cancelled(tokio::time::sleep(every))
            .await
            .is_some()
        {
            let line = self.line().await;
            match &bar {
                Some(bar) => {
                    bar.set_message(line);
                    bar.tick();
                }
                None if line == last => {}
                None => {
                    speech::aside(&line);
                    last = line;
                }
            }
        }
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let line = self.line().await;
        if line != last {
            speech::aside(&line);
        }
    }

    /// Is everything found at the start settled?
    pub async fn is_idle(&self) -> bool {
        // The queues are asked after it: a file that has settled by then has its job in one of them.
        let dispatcher = *self.dispatcher.borrow();
        if !dispatcher.caught_up || dispatcher.settling > 0 {
            return false;
        }
        for lane in Lane::ALL {
            match self.queue.depth(&lane_queue(lane)).await {
                Ok(depth) if depth.known() == 0 => {}
                // What cannot be counted may be there.
                _ => return false,
            }
        }
        true
    }

    async fn line(&self) -> String {
        let dispatcher = *self.dispatcher.borrow();
        let mut lanes = Vec::new();
        for lane in Lane::ALL {
            let depth = self.queue.depth(&lane_queue(lane)).await;
            lanes.push(depth.map_or_else(
                |_| format!("{lane} ?"),
                |depth| format!("{lane} {}", depth.known()),
            ));
        }
        let (settled, failed) = (self.tally.settled.load(Relaxed), self.tally.failed.load(Relaxed));
        format!(
            "{} originals seen, {} settling, {} files made, {settled} jobs done, {failed} failed; waiting: {}",
            dispatcher.seen,
            dispatcher.settling,
            self.tally.files(),
            lanes.join(", ")
        )
    }
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {msg}").expect("the template is a constant that parses");
    ProgressBar::new_spinner().with_style(style)
}
