//! What goes on around the work of a process: probes, readiness, listeners. It answers while the work drains and ends after it.
use std::sync::Arc;

use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    probes::Probes,
    readiness::Part,
    stop::{Stop, StopSignals},
};

/// The tasks beside the work, and what they share with it.
#[derive(Debug, Clone)]
pub struct Around {
    /// What they tell.
    pub probes: Arc<Probes>,
    /// When the work is to stop.
    pub stop: Stop,
    tasks: TaskTracker,
    ended: CancellationToken,
}

impl Around {
    /// Nothing runs yet.
    pub fn new(probes: Arc<Probes>) -> Self {
        Self {
            probes,
            stop: Stop::default(),
            tasks: TaskTracker::new(),
            ended: CancellationToken::new(),
        }
    }

    /// Cancelled when the work has ended.
    pub fn ended(&self) -> CancellationToken {
        self.ended.clone()
    }

    /// Runs beside the work, and is waited for at the end: it must stop by itself when [`Self::ended`] is.
    pub fn run(&self, task: impl Future<Output: Send + 'static> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Runs beside the work, and is dropped at the end.
    pub fn run_until_ended(&self, task: impl Future<Output: Send + 'static> + Send + 'static) {
        let ended = self.ended();
        self.tasks
            .spawn(async move { ended.run_until_cancelled(task).await });
    }

    /// Heeds stop signals.
    pub fn heed(&self, signals: StopSignals, grace: std::time::Duration) {
        let (probes, drain) = (Arc::clone(&self.probes), self.stop.drain.clone());
        self.run_until_ended(signals.watch(self.stop.clone(), grace));
        self.run_until_ended(async move {
            drain.cancelled().await;
            let reason = "told to stop: finishing what has begun".to_owned();
            probes.readiness.set(Part::Draining, Some(reason));
        });
    }

    /// Tells what the work itself runs into, by what it says of its readiness.
    pub fn follow<T: Send + Sync + 'static>(
        &self,
        mut ready: watch::Receiver<T>,
        reason: fn(&T) -> Option<String>,
    ) {
        let probes = Arc::clone(&self.probes);
        self.run_until_ended(async move {
            loop {
                let reason = reason(&ready.borrow_and_update());
                probes.readiness.set(Part::Work, reason);
                if ready.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// The work has ended: so does all beside it.
    pub async fn end(self) {
        self.ended.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
