//! The rounds: one pass after another, at start, periodically, and where the watch asks for one.
mod requests;
mod tell;

use std::{sync::Arc, time::Duration};

use minilab_store::Key;
use minilab_telemetry::{Metrics, PassMode, RescanReason};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::requests::Requests;
use crate::{
    Brake, Ended, Error, Offer, Pass, Periods, Progress, Reconcile, ReconcileWay, Report, Sharing, Tenure,
    Turns, Wanted, Watching,
    health::{Health, Need},
    watch::Watch,
};

/// Pause after a pass that failed: long enough for a blip. It doubles up to what a person still waits for who fixed the cause,
/// and a balancer that sends no events to who is not ready. Nobody takes us for dead within it.
const FAILED_PAUSE: Duration = Duration::from_secs(10);
pub(crate) const FAILED_PAUSE_MAX: Duration = Duration::from_secs(30);
/// Pause between listings while the system grants no watches.
const LISTING_PAUSE: Duration = Duration::from_secs(10);

/// Makes passes.
pub(crate) struct Rounds {
    pub(crate) reconcile: Reconcile,
    pub(crate) turns: Turns<ReconcileWay>,
    pub(crate) brake: Brake,
    pub(crate) periods: Periods,
    pub(crate) watch: Option<Watch>,
    pub(crate) requests: Arc<Requests>,
    pub(crate) unsettled: mpsc::Sender<Vec<Key>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) health: Arc<Health>,
    /// A full pass that is made now, whatever is due.
    pub(crate) asked: Option<Brake>,
    /// Is the folder listed again and again, for want of watches?
    pub(crate) degraded: bool,
    /// The pass that is under way.
    pub(crate) current: Option<(Box<Tenure<ReconcileWay>>, Pass)>,
}

/// What a process that has just started wants.
pub(crate) fn at_start(sharing: Sharing, brake: Brake) -> Option<Brake> {
    match sharing {
        // What changed while nobody watched is found by reading every record.
        Sharing::Alone => Some(brake),
        // Others watched.
        Sharing::Fleet => None,
    }
}

impl Rounds {
    /// Runs until told to stop. No error of a pass ends it, but for one at the start of a process that is alone: somebody
    /// waits there to be told.
    pub(crate) async fn run(mut self, drain: CancellationToken) -> Result<(), Error> {
        let mut failed = 0;
        loop {
            let pause = match self.round(&drain).await {
                Ok(pause) => {
                    failed = 0;
                    self.health.works(Need::Passes);
                    pause
                }
                Err(error) if self.is_fatal(&error) => return Err(error),
                Err(error) => {
                    self.health.lacks(Need::Passes, &error);
                    failed += 1;
                    FAILED_PAUSE
                        .saturating_mul(1 << (failed - 1).min(8))
                        .min(FAILED_PAUSE_MAX)
                }
            };
            if !self.wait(pause, &drain).await {
                return Ok(());
            }
        }
    }

    /// Makes the pass that is due, if it is our turn. How long to wait for the next.
    async fn round(&mut self, drain: &CancellationToken) -> Result<Duration, Error> {
        if self.current.is_none() {
            let wanted = Wanted {
                now: self.asked.map(|_| PassMode::Full),
                revision: self.reconcile.jobs().revision(),
                periods: self.periods(),
            };
            let offer = self.turns.ask(wanted).await;
            self.show();
            match offer? {
                Offer::Later(pause) => return Ok(pause),
                Offer::Ours(tenure) => {
                    let pass = Pass {
                        mode: tenure.under_way().mode,
                        prefix: String::new(),
                        brake: self.asked.take().unwrap_or(self.brake),
                    };
                    self.current = Some((tenure, pass));
                }
            }
        }
        let (mut tenure, pass) = self.current.take().expect("it was put there above");
        let made = self.reconcile.run(&pass, &mut tenure, drain).await;
        match made {
            Ok(report) => {
                self.ended(&pass, report).await;
                self.turns.look().await?;
                self.show();
                Ok(Duration::ZERO)
            }
            Err(error) => {
                self.current = Some((tenure, pass));
                Err(error)
            }
        }
    }

    fn periods(&self) -> Periods {
        // A folder's times cannot be trusted (a copy may keep the old ones), so a listing in place of events reads all.
        if self.degraded {
            Periods {
                every: LISTING_PAUSE,
                full_every: LISTING_PAUSE,
            }
        } else {
            self.periods
        }
    }

    fn is_fatal(&self, error: &Error) -> bool {
        let at_start = self.turns.sharing() == Sharing::Alone && !self.progress.borrow().caught_up;
        at_start && !error.is_transient()
    }

    /// Looks at single folders until the next look at everything. `false`: told to stop.
    async fn wait(&mut self, pause: Duration, drain: &CancellationToken) -> bool {
        let due = Instant::now() + pause;
        loop {
            tokio::select! {
                biased;
                () = drain.cancelled() => {
                    self.leave().await;
                    return false;
                }
                () = self.requests.asked() => {}
                () = tokio::time::sleep_until(due) => return true,
            }
            let wanted = self.requests.take();
            if wanted.no_watches {
                self.degrade();
            }
            if wanted.all {
                self.asked = self.asked.or(Some(self.brake));
                return true;
            }
            for prefix in wanted.trees {
                self.tree(prefix, drain).await;
            }
        }
    }

    /// Hands an unfinished pass to whoever is next.
    async fn leave(&mut self) {
        let Some((mut tenure, _)) = self.current.take() else {
            return;
        };
        if let Err(error) = tenure.leave().await {
            tracing::debug!(
                error = &error as &dyn std::error::Error,
                "the turn is not handed back: it expires"
            );
        }
    }

    /// Looks at a folder that came or went.
    async fn tree(&mut self, prefix: String, drain: &CancellationToken) {
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
        match self.reconcile.run_once(&pass, drain).await {
            Ok(report) => self.ended(&pass, report).await,
            Err(error) => {
                let folder = pass.prefix;
                tracing::error!(
                    folder,
                    error = &error as &dyn std::error::Error,
                    "a folder could not be compared"
                );
                self.requests.all(RescanReason::WatcherError);
            }
        }
    }

    async fn ended(&mut self, pass: &Pass, mut report: Report) {
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
            if whole && matches!(report.ended, Ended::Complete | Ended::Braked) {
                progress.caught_up = true;
                progress.braked = report.ended == Ended::Braked;
            }
        });
        tell::log(pass, &report);
    }

    /// Shows what the fleet knows.
    fn show(&self) {
        let ledger = self.turns.ledger();
        tell::show(&self.metrics, ledger);
        let braked = ledger.braked.is_some();
        self.progress.send_if_modified(|progress| {
            let changed = progress.braked != braked;
            progress.braked = braked;
            changed
        });
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

#[cfg(test)]
mod tests {
    use minilab_queue::{ManualClock, Memory as Queue, Queue as _};
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
        let clock = Arc::new(ManualClock::default());
        let jobs = Arc::new(Jobs::new(
            document,
            1,
            queue.clone(),
            clock.clone(),
            Arc::clone(&metrics),
        ));
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
            turns: Turns::new(Arc::new(Memory::new()), clock.clone(), Sharing::Alone),
            brake: Brake::default(),
            periods: Periods {
                every: Duration::from_hours(1),
                full_every: Duration::from_hours(24),
            },
            watch: None,
            requests: Arc::clone(&requests),
            unsettled,
            progress,
            metrics: Arc::clone(&metrics),
            health: Arc::default(),
            asked: Some(Brake::default()),
            degraded: false,
            current: None,
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
        clock.advance(LISTING_PAUSE);
        told.wait_for(|progress| progress.enqueued == 1).await.unwrap();
        assert!(begun.elapsed() <= LISTING_PAUSE + Duration::from_secs(1));
        assert_eq!(queue.depth(&queue_name(Lane::Fast)).await.unwrap().ready, 1);
        drain.cancel();
        running.await.unwrap().unwrap();
    }
}
