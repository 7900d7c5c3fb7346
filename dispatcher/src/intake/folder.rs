//! The folder's intake: notices in, settled changes out as jobs.
use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering},
};

use minilab_protos::job::Via;
use minilab_store::Key;
use minilab_telemetry::{Metrics, Producer, RescanReason};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::pause::Pause;
use crate::{
    Change, Error, Hint, Jobs, Measured, Progress, Settle, Sign,
    health::{Health, Need},
    rounds::Requests,
    watch::{Notice, Notices},
};

/// Notices taken in one turn.
const TURN_MAX: usize = 1024;
/// Files waiting to be settled; beyond it the folder is listed instead.
const WAITING_MAX: usize = 100_000;

/// Turns notices into jobs.
pub(crate) struct FolderIntake {
    pub(crate) root: PathBuf,
    pub(crate) settle: Settle,
    pub(crate) jobs: Arc<Jobs>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
}

impl FolderIntake {
    /// Runs until told to stop. `unsettled` brings files that passes found too young to be believed.
    pub(crate) async fn run(
        mut self,
        mut notices: Notices,
        mut unsettled: mpsc::Receiver<Vec<Key>>,
        drain: CancellationToken,
    ) -> Result<(), Error> {
        let mut turn = Vec::with_capacity(TURN_MAX);
        let mut told = 0;
        loop {
            let mut handed_over = 0;
            let due = self.settle.next_due();
            tokio::select! {
                () = drain.cancelled() => return Ok(()),
                count = notices.queue.recv_many(&mut turn, TURN_MAX) => if count == 0 { return Ok(()) },
                Some(keys) = unsettled.recv() => {
                    handed_over = keys.len() as u64;
                    turn.extend(keys.into_iter().map(|key| Notice::File(key, Sign::Written)));
                }
                () = sleep_until(due) => {}
            }
            if notices.overflowed.swap(false, Ordering::AcqRel) {
                self.lost(RescanReason::Overflow);
            }
            let mut hints: Vec<Hint> = turn.drain(..).filter_map(|notice| self.take(notice)).collect();
            if self.settle.len() > WAITING_MAX {
                self.settle.clear();
                self.lost(RescanReason::Overflow);
            }
            hints.extend(self.look().await);
            if !self.send(&hints, &drain).await? {
                return Ok(());
            }
            // Only now, so that a file is counted until it has its job. The pass counted what it handed over.
            let settling = self.settle.len() as u64;
            self.progress.send_if_modified(|progress| {
                let before = progress.settling;
                progress.settling = (before + settling).saturating_sub(told + handed_over);
                progress.settling != before
            });
            told = settling;
        }
    }

    fn take(&mut self, notice: Notice) -> Option<Hint> {
        match notice {
            Notice::File(key, sign) => {
                let settled = self.settle.sign(key, sign, Instant::now())?;
                Some(self.hint(settled.key, settled.change, None))
            }
            Notice::Tree(prefix) => {
                self.requests.tree(prefix);
                None
            }
            Notice::Refused(reason, name) => {
                self.metrics.dispatcher.keys_refused_total.inc(reason);
                tracing::warn!(name = %name.escape_debug(), ?reason, "the file's name cannot be a key: rename it");
                None
            }
            Notice::Lost(reason) => {
                self.lost(reason);
                None
            }
        }
    }

    fn lost(&self, reason: RescanReason) {
        self.metrics.dispatcher.watch_rescans_total.inc(reason);
        self.requests.all(reason);
    }

    /// Looks at the files that are due.
    async fn look(&mut self) -> Vec<Hint> {
        let due = self.settle.due(Instant::now());
        if due.is_empty() {
            return Vec::new();
        }
        let root = self.root.clone();
        let looks = move || {
            due.into_iter()
                .map(|key| (measure(&root, &key), key))
                .collect::<Vec<_>>()
        };
        let shown = tokio::task::spawn_blocking(looks)
            .await
            .expect("a look at a file does not panic");
        let now = Instant::now();
        let mut hints = Vec::new();
        for (shown, key) in shown {
            if let Some(settled) = self.settle.looked(&key, shown, now) {
                hints.push(self.hint(settled.key, settled.change, Some(shown)));
            }
        }
        hints
    }

    fn hint(&self, key: Key, change: Change, shown: Option<Measured>) -> Hint {
        let size_bytes = match shown {
            Some(Measured::File { size_bytes, .. }) => Some(size_bytes),
            _ => None,
        };
        Hint {
            event_time: Some(self.jobs.now()),
            size_bytes,
            ..Hint::new(key, change, Producer::Watch)
        }
    }

    /// Sends until the broker has taken all: what was noticed is not noticed again. `false`: told to stop meanwhile; the next
    /// start's pass finds it.
    async fn send(&self, hints: &[Hint], drain: &CancellationToken) -> Result<bool, Error> {
        if hints.is_empty() {
            return Ok(true);
        }
        let mut pause = Pause::default();
        loop {
            match self.jobs.enqueue(hints, Via::Live).await {
                Ok(enqueued) => {
                    self.health.works(Need::Jobs);
                    self.progress
                        .send_modify(|progress| progress.enqueued += enqueued.jobs);
                    return Ok(true);
                }
                Err(error) if error.is_transient() => self.health.lacks(Need::Jobs, &error),
                Err(error) => return Err(error),
            }
            if drain
                .run_until_cancelled(tokio::time::sleep(pause.next()))
                .await
                .is_none()
            {
                return Ok(false);
            }
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn measure(root: &std::path::Path, key: &Key) -> Measured {
    match root.join(key.as_str()).symlink_metadata() {
        Ok(found) if found.is_file() => match found.modified() {
            Ok(modified) => Measured::File {
                size_bytes: found.len(),
                modified,
            },
            Err(_) => Measured::Other,
        },
        Ok(_) => Measured::Other,
        // A file that cannot be seen is as good as gone here; the attempt's HEAD tells denial from absence.
        Err(_) => Measured::Absent,
    }
}
