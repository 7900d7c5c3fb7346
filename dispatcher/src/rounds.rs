//! The rounds: one pass after another, at start, periodically, and where the watch asks for one.
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use minilab_store::Key;
use minilab_telemetry::{Finding, Metrics, PassMode, RescanReason};
use tokio::{
    sync::{Notify, mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Brake, Ended, Error, Pass, Progress, Reconcile, Report, Watching,
    health::{Health, Need},
    watch::Watch,
};

/// Folders asked for one by one; beyond it everything is listed.
const TREES_MAX: usize = 1000;
/// Pause after a pass that failed: long enough for a blip, short enough for a person who fixed the cause.
const FAILED_PAUSE: Duration = Duration::from_secs(10);
/// Pause between listings while the system grants no watches.
const LISTING_PAUSE: Duration = Duration::from_secs(10);

/// Passes that are asked for; equal ones once.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    wanted: Mutex<Wanted>,
    wake: Notify,
}

#[derive(Debug, Default)]
struct Wanted {
    all: bool,
    no_watches: bool,
    trees: BTreeSet<String>,
}

impl Requests {
    /// Everything below one folder.
    pub(crate) fn tree(&self, prefix: String) {
        self.change(|wanted| {
            wanted.trees.insert(prefix);
            wanted.all |= wanted.trees.len() > TREES_MAX;
        });
    }

    /// Everything, because single changes are not known.
    pub(crate) fn all(&self, reason: RescanReason) {
        self.change(|wanted| {
            wanted.all = true;
            wanted.no_watches |= reason == RescanReason::NoWatches;
        });
    }

    fn change(&self, change: impl FnOnce(&mut Wanted)) {
        change(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake.notify_one();
    }

    fn take(&self) -> Wanted {
        std::mem::take(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Makes passes.
pub(crate) struct Rounds {
    pub(crate) reconcile: Reconcile,
    pub(crate) brake: Brake,
    pub(crate) start: Brake,
    pub(crate) every: Duration,
    pub(crate) full_every: Duration,
    pub(crate) watch: Option<Watch>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) unsettled: mpsc::Sender<Vec<Key>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
    /// Is the folder listed again and again, for want of watches?
    pub(crate) degraded: bool,
}

/// Why the pause between two whole passes is over.
enum Next {
    /// Told to stop.
    Stop,
    /// It has lasted.
    Due,
    /// Changes are not known one by one.
    Asked,
}

impl Rounds {
    /// Runs until told to stop: the first pass reads every record, so that what changed while nobody watched is found.
    pub(crate) async fn run(mut self, drain: CancellationToken) -> Result<(), Error> {
        let mut pass = whole(PassMode::Full, self.start);
        let mut full_due = Instant::now() + self.full_every;
        loop {
            let ended = self.pass(&pass, &drain).await;
            if ended.is_ok() && pass.mode == PassMode::Full {
                full_due = Instant::now() + self.full_every;
            }
            if ended.is_ok() {
                self.health.works(Need::Passes);
            }
            let pause = match &ended {
                Ok(_) if self.degraded => LISTING_PAUSE,
                Ok(_) => self.every,
                Err(error) if self.may_pass(error) => {
                    self.health.lacks(Need::Passes, error);
                    FAILED_PAUSE
                }
                Err(_) => return ended.map(drop),
            };
            let next = self.wait(pause, &drain).await?;
            pass = match next {
                Next::Stop => return Ok(()),
                // The same again, with the same brake.
                Next::Due | Next::Asked if ended.is_err() => pass,
                // A folder's times cannot be trusted (a copy may keep the old ones), so a listing in place of events reads all.
                Next::Due if !self.degraded && Instant::now() < full_due => {
                    whole(PassMode::Incremental, self.brake)
                }
                Next::Due | Next::Asked => whole(PassMode::Full, self.brake),
            };
        }
    }

    /// Looks at single folders until the next whole pass.
    async fn wait(&mut self, pause: Duration, drain: &CancellationToken) -> Result<Next, Error> {
        let due = Instant::now() + pause;
        loop {
            tokio::select! {
                () = drain.cancelled() => return Ok(Next::Stop),
                () = tokio::time::sleep_until(due) => return Ok(Next::Due),
                () = self.requests.wake.notified() => {}
            }
            let wanted = self.requests.take();
            if wanted.no_watches {
                self.degrade();
            }
            if wanted.all {
                return Ok(Next::Asked);
            }
            for prefix in wanted.trees {
                self.tree(prefix, drain).await?;
            }
        }
    }

    /// Looks at a folder that came or went.
    async fn tree(&mut self, prefix: String, drain: &CancellationToken) -> Result<(), Error> {
        if let Some(watch) = self.watch.clone() {
            let at = prefix.clone();
            let covered = tokio::task::spawn_blocking(move || watch.cover(&at)).await;
            if !covered.expect("a watch does not panic") {
                self.requests.all(RescanReason::NoWatches);
            }
        }
        // What a person did with one folder is meant.
        let pass = Pass {
            mode: PassMode::Full,
            prefix,
            brake: self.brake.allowing_all(),
        };
        match self.pass(&pass, drain).await {
            Err(error) if self.may_pass(&error) => {
                let folder = pass.prefix;
                tracing::error!(
                    folder,
                    error = &error as &dyn std::error::Error,
                    "a folder could not be compared"
                );
                self.requests.all(RescanReason::WatcherError);
                Ok(())
            }
            ended => ended.map(drop),
        }
    }

    /// Is it worth another try? Also if we are refused what was ours before: credentials expire and are renewed. At the start
    /// they are simply wrong, and somebody waits to be told.
    fn may_pass(&self, error: &Error) -> bool {
        error.is_transient() || (error.is_denied() && self.progress.borrow().caught_up)
    }

    async fn pass(&self, pass: &Pass, drain: &CancellationToken) -> Result<Report, Error> {
        let mut report = self.reconcile.run_once(pass, drain).await?;
        let unsettled = std::mem::take(&mut report.unsettled);
        // Counted before they are handed over, so that nobody takes the folder for settled in between.
        self.progress
            .send_modify(|progress| progress.settling += unsettled.len() as u64);
        if !unsettled.is_empty() && self.unsettled.send(unsettled).await.is_err() {
            tracing::debug!("the intake has ended; the next start finds what is unsettled");
        }
        let whole = pass.prefix.is_empty();
        self.progress.send_modify(|progress| {
            progress.seen += report.seen;
            progress.enqueued += report.enqueued;
            if whole && report.ended != Ended::Stopped {
                progress.caught_up = true;
                progress.braked = report.ended == Ended::Braked;
            }
        });
        tell(pass, &report);
        Ok(report)
    }

    /// From now on the folder is listed again and again.
    fn degrade(&mut self) {
        if self.degraded {
            return;
        }
        self.degraded = true;
        tracing::error!(
            "the system grants no more file watches: the folder is listed every {} s instead; raise the limit, for \
             example with `sysctl fs.inotify.max_user_watches=1048576`, and restart",
            LISTING_PAUSE.as_secs()
        );
        self.metrics.dispatcher.watch_degraded.set((), 1);
        self.progress
            .send_modify(|progress| progress.watching = Watching::Listings);
    }
}

fn whole(mode: PassMode, brake: Brake) -> Pass {
    Pass {
        mode,
        prefix: String::new(),
        brake,
    }
}

fn tell(pass: &Pass, report: &Report) {
    let (seen, enqueued) = (report.seen, report.enqueued);
    let (gone, unmatched) = (report.count(Finding::Gone), report.count(Finding::Unmatched));
    let made = [Finding::Missing, Finding::Changed, Finding::Stale].map(|finding| report.count(finding));
    if report.ended == Ended::Braked {
        let [missing, changed, stale] = made;
        tracing::error!(
            seen,
            gone,
            unmatched,
            missing,
            changed,
            stale,
            "the brake stopped reconcile: it would make or drop the files of more than {} originals; check that store, \
             rules and recipes are the ones you mean, then run `minilab reconcile --allow`",
            pass.brake.limit(seen)
        );
    } else if enqueued > 0 {
        let made: u64 = made.iter().sum();
        tracing::info!(
            seen,
            enqueued,
            gone,
            unmatched,
            made,
            prefix = pass.prefix,
            "reconcile pass ended"
        );
    }
}

#[cfg(test)]
mod tests {
    use minilab_queue::{Memory as Queue, Queue as _, SystemClock};
    use minilab_recipe::{Document, Lane};
    use minilab_record::Records;
    use minilab_store::{Memory, PutOptions, Store as _};

    use super::*;
    use crate::{Jobs, ReconcileConfig, queue_name};

    #[tokio::test(start_paused = true)]
    async fn without_watches_the_folder_is_listed_again_and_again_and_everybody_is_told() {
        let (originals, queue) = (Memory::new(), Arc::new(Queue::default()));
        let metrics = Arc::new(Metrics::new("test"));
        let document = Arc::new(Document::default_for_folders("in", "out"));
        let clock = Arc::new(SystemClock::default());
        let jobs = Arc::new(Jobs::new(document, 1, queue.clone(), clock, Arc::clone(&metrics)));
        let records = Records::new(Arc::new(Memory::new()));
        let config = ReconcileConfig::default();
        let reconcile = Reconcile::new(
            Arc::new(originals.clone()),
            records,
            jobs,
            Arc::clone(&metrics),
            config,
        );
        let (unsettled, _young) = mpsc::channel(1);
        let (progress, requests) = (watch::Sender::default(), Arc::new(Requests::default()));
        let mut told: watch::Receiver<Progress> = progress.subscribe();
        let rounds = Rounds {
            reconcile,
            brake: Brake::default(),
            start: Brake::default(),
            every: Duration::from_hours(1),
            full_every: Duration::from_hours(24),
            watch: None,
            requests: Arc::clone(&requests),
            unsettled,
            progress,
            metrics: Arc::clone(&metrics),
            health: Arc::default(),
            degraded: false,
        };
        let drain = CancellationToken::new();
        let running = tokio::spawn(rounds.run(drain.clone()));
        requests.all(RescanReason::NoWatches);
        told.wait_for(|progress| progress.watching == Watching::Listings)
            .await
            .unwrap();
        assert!(metrics.render().contains("minilab_watch_degraded 1"));
        let begun = Instant::now();
        originals
            .put(&Key::new("a.jpg").unwrap(), "a".into(), PutOptions::default())
            .await
            .unwrap();
        told.wait_for(|progress| progress.enqueued == 1).await.unwrap();
        assert!(begun.elapsed() <= LISTING_PAUSE + Duration::from_secs(1));
        assert_eq!(queue.depth(&queue_name(Lane::Fast)).await.unwrap().ready, 1);
        drain.cancel();
        running.await.unwrap().unwrap();
    }
}
