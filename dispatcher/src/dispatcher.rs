//! The dispatcher as a service: watch, rounds and sweep under one roof.
use std::{path::PathBuf, sync::Arc, time::Duration};

use minilab_queue::Queue;
use minilab_recipe::TopicArn;
use minilab_record::Records;
use minilab_scaling::{Place, Waiting};
use minilab_store::Store;
use minilab_telemetry::{Metrics, PlaceLabel};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

use crate::{
    Brake, DeadLetters, Error, Fetch, Jobs, Names, Periods, Progress, Ready, Reconcile, ReconcileConfig,
    Settle, Sharing, Sns, Sweep, SweepConfig, Token, Turns, Watching, Webhook,
    health::{Health, Need},
    intake::{FolderIntake, Messages, QueueIntake},
    rounds::{Requests, Rounds, at_start},
    sweep::SweepRounds,
    watch::Watch,
};

/// Pause between two looks at the depth of the queues: a scrape interval.
const DEPTHS_EVERY: Duration = Duration::from_secs(15);

/// Pause between two notes of what was sent: autoscalers look about as often.
const SENT_EVERY: Duration = Duration::from_secs(5);

/// What the dispatcher does, and how often.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The folder of originals, where there is one to watch.
    pub folder: Option<Folder>,
    /// How passes work; `quiet` and `names` follow from `folder`.
    pub reconcile: ReconcileConfig,
    /// Who else makes passes and sweeps over these stores.
    pub sharing: Sharing,
    /// Pause between passes over everything. Where nothing tells of uploads (a store without notifications), these passes are how
    /// they are noticed: the listing of originals is polled.
    pub reconcile_every: Duration,
    /// Pause between those of them that read all records. There is one at the start, too.
    pub reconcile_full_every: Duration,
    /// What a periodic pass may change.
    pub brake: Brake,
    /// What the first pass of a process that is alone may change.
    pub brake_at_start: Brake,
    /// What is swept.
    pub sweep: SweepConfig,
    /// Pause between sweeps.
    pub sweep_every: Duration,
    /// Pause between sweeps that list all files for what no record ever named. There is one at the start, too.
    pub sweep_full_every: Duration,
}

/// A folder to watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// Where it is.
    pub root: PathBuf,
    /// How long a file that nobody closed must stay the same.
    pub quiet: Duration,
}

impl Folder {
    /// With the default quiet time: twice what the slowest writers seen pause between two writes.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            quiet: Duration::from_millis(500),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            folder: None,
            sharing: Sharing::default(),
            reconcile: ReconcileConfig::default(),
            reconcile_every: Duration::from_hours(1),
            // What only reading a record tells is an upload whose event was lost and whose record was swapped since for another reason.
            reconcile_full_every: Duration::from_hours(24),
            brake: Brake::default(),
            brake_at_start: Brake::default().allowing_creations(),
            sweep: SweepConfig::default(),
            sweep_every: Duration::from_hours(6),
            // Such files are few and stay for weeks anyway; a listing of everything is many requests.
            sweep_full_every: Duration::from_hours(7 * 24),
        }
    }
}

/// The stores it reads, compares and sweeps.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Of originals.
    pub originals: Arc<dyn Store>,
    /// Of files.
    pub outputs: Arc<dyn Store>,
    /// Of records.
    pub state: Arc<dyn Store>,
}

/// Upload events in, jobs out.
#[derive(Debug)]
pub struct Dispatcher {
    config: Config,
    stores: Stores,
    jobs: Arc<Jobs>,
    metrics: Arc<Metrics>,
    progress: watch::Sender<Progress>,
    health: Arc<Health>,
    messages: Arc<Messages>,
    waiting: Arc<Waiting>,
    /// Brokers whose queue of events is received from.
    brokers: Vec<Arc<dyn Queue>>,
}

impl Dispatcher {
    /// Does nothing before it runs.
    pub fn new(mut config: Config, stores: Stores, jobs: Arc<Jobs>, metrics: Arc<Metrics>) -> Self {
        let mut progress = Progress::default();
        if let Some(folder) = &config.folder {
            config.reconcile.quiet = folder.quiet;
            config.reconcile.names = Names::Folder;
            progress.watching = Watching::Events;
        }
        let health = Arc::new(Health::default());
        let (of_messages, told) = (Arc::clone(&jobs), Arc::clone(&health));
        let waiting = Waiting::new(Arc::clone(jobs.queue()), Arc::clone(&stores.state));
        Self {
            config,
            stores,
            waiting: Arc::new(waiting),
            messages: Arc::new(Messages::new(of_messages, Arc::clone(&metrics), told)),
            jobs,
            metrics,
            progress: watch::Sender::new(progress),
            health,
            brokers: Vec::new(),
        }
    }

    /// Also receives events from a broker's queue [`events_queue`](crate::events_queue); from each broker once.
    pub fn receive_from(&mut self, broker: Arc<dyn Queue>) {
        let is_same = |known: &Arc<dyn Queue>| std::ptr::addr_eq(Arc::as_ptr(known), Arc::as_ptr(&broker));
        if !self.brokers.iter().any(is_same) {
            self.brokers.push(broker);
        }
    }

    /// Also takes events that are handed to the answer, as a listener does. It works while the dispatcher runs.
    pub fn webhook(&mut self, token: Token) -> Webhook {
        // What is of no known form goes through the queue of events to become a dead letter.
        self.receive_from(Arc::clone(self.jobs.queue()));
        Webhook::new(Arc::clone(&self.messages), token)
    }

    /// Also takes what SNS pushes of these topics, handed to the answer as [`Self::webhook`]'s. `outside` gets certificates
    /// and confirms subscriptions.
    pub fn sns(&mut self, topics: Vec<TopicArn>, outside: Arc<dyn Fetch>) -> Sns {
        self.receive_from(Arc::clone(self.jobs.queue()));
        Sns::new(Arc::clone(&self.messages), topics, outside)
    }

    /// How much work waits, for whoever scales workers.
    pub fn waiting(&self) -> Arc<Waiting> {
        Arc::clone(&self.waiting)
    }

    /// Has it what it needs?
    pub fn ready(&self) -> watch::Receiver<Ready> {
        self.health.subscribe()
    }

    /// How far it is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Runs until `drain`, then ends what is under way, or drops it on `abort`. Returns when its tasks have.
    ///
    /// The watch stands before the first pass begins, so nothing falls between them.
    pub async fn run(self, drain: CancellationToken, abort: CancellationToken) -> Result<(), Error> {
        let drain = drain.child_token();
        let mut tasks = JoinSet::new();
        self.spawn(&mut tasks, &drain).await?;
        let mut outcome = Ok(());
        loop {
            tokio::select! {
                ended = tasks.join_next() => match ended {
                    None => return outcome,
                    Some(Ok(Ok(()))) => {}
                    Some(Ok(Err(error))) => {
                        drain.cancel();
                        outcome = outcome.and(Err(error));
                    }
                    Some(Err(panicked)) => match panicked.try_into_panic() {
                        Ok(panic) => std::panic::resume_unwind(panic),
                        Err(_aborted) => {}
                    },
                },
                () = abort.cancelled() => {
                    tasks.shutdown().await;
                    return outcome;
                }
            }
        }
    }

    async fn spawn(
        &self,
        tasks: &mut JoinSet<Result<(), Error>>,
        drain: &CancellationToken,
    ) -> Result<(), Error> {
        let records = Records::new(Arc::clone(&self.stores.state));
        let requests = Arc::new(Requests::default());
        // One batch at a time: the intake takes them as fast as it takes notices.
        let (unsettled, young) = mpsc::channel(1);
        let watch = match &self.config.folder {
            None => None,
            Some(folder) => {
                let root = folder.root.clone();
                let started = tokio::task::spawn_blocking(move || Watch::start(&root)).await;
                let (watch, notices) = started.expect("starting a watch does not panic")?;
                let intake = FolderIntake {
                    root: folder.root.clone(),
                    settle: Settle::new(folder.quiet),
                    jobs: Arc::clone(&self.jobs),
                    requests: Arc::clone(&requests),
                    progress: self.progress.clone(),
                    metrics: Arc::clone(&self.metrics),
                    health: Arc::clone(&self.health),
                };
                tasks.spawn(intake.run(notices, young, drain.clone()));
                Some(watch)
            }
        };
        let reconcile = Reconcile::new(
            Arc::clone(&self.stores.originals),
            records.clone(),
            Arc::clone(&self.jobs),
            Arc::clone(&self.metrics),
            self.config.reconcile.clone(),
        );
        let rounds = Rounds {
            reconcile,
            turns: Turns::new(
                Arc::clone(&self.stores.state),
                self.jobs.clock(),
                self.config.sharing,
            ),
            brake: self.config.brake,
            periods: Periods {
                every: self.config.reconcile_every,
                full_every: self.config.reconcile_full_every,
            },
            watch,
            requests,
            unsettled,
            progress: self.progress.clone(),
            metrics: Arc::clone(&self.metrics),
            health: Arc::clone(&self.health),
            asked: at_start(self.config.sharing, self.config.brake_at_start),
            degraded: false,
            current: None,
        };
        tasks.spawn(rounds.run(drain.clone()));
        let (jobs, health) = (Arc::clone(&self.jobs), Arc::clone(&self.health));
        tasks.spawn(depths(jobs, health, drain.clone()));
        let (waiting, metrics) = (Arc::clone(&self.waiting), Arc::clone(&self.metrics));
        tasks.spawn(seconds(waiting, metrics, drain.clone()));
        let (jobs, state) = (Arc::clone(&self.jobs), Arc::clone(&self.stores.state));
        tasks.spawn(sent(jobs, state, drain.clone()));
        let state = Arc::clone(&self.stores.state);
        let dead = DeadLetters::new(Arc::clone(&self.jobs), state, Arc::clone(&self.metrics));
        tasks.spawn(dead.run(drain.clone()));
        for queue in &self.brokers {
            let intake = QueueIntake {
                queue: Arc::clone(queue),
                messages: Arc::clone(&self.messages),
                health: Arc::clone(&self.health),
            };
            tasks.spawn(intake.run(drain.clone()));
        }
        let outputs = Arc::clone(&self.stores.outputs);
        let sweep = Sweep::new(records, outputs, Arc::clone(&self.metrics), self.config.sweep);
        let sweeps = SweepRounds {
            sweep,
            turns: Turns::new(
                Arc::clone(&self.stores.state),
                self.jobs.clock(),
                self.config.sharing,
            ),
            periods: Periods {
                every: self.config.sweep_every,
                full_every: self.config.sweep_full_every,
            },
            metrics: Arc::clone(&self.metrics),
            health: Arc::clone(&self.health),
        };
        tasks.spawn(sweeps.run(drain.clone()));
        Ok(())
    }
}

/// Keeps the gauges of the queues, which also tells whether the broker is there when nothing is to be queued.
async fn depths(jobs: Arc<Jobs>, health: Arc<Health>, drain: CancellationToken) -> Result<(), Error> {
    while !drain.is_cancelled() {
        let told = jobs.queued().await;
        match told.and(jobs.would_be_taken().await) {
            Ok(()) => health.works(Need::Jobs),
            Err(error) => health.lacks(Need::Jobs, &error),
        }
        let _ = drain.run_until_cancelled(tokio::time::sleep(DEPTHS_EVERY)).await;
    }
    Ok(())
}

/// Keeps the gauges of the work that waits. Where it cannot be told they stay as they were: an alert tells of the broker or the
/// store.
async fn seconds(
    waiting: Arc<Waiting>,
    metrics: Arc<Metrics>,
    drain: CancellationToken,
) -> Result<(), Error> {
    while !drain.is_cancelled() {
        match waiting.look().await {
            Ok(figures) => {
                for (place, figure) in figures {
                    metrics
                        .dispatcher
                        .work_waiting_seconds
                        .set(label(place), figure.seconds);
                }
            }
            Err(error) => tracing::debug!(%error, "the seconds of work that wait are not known"),
        }
        let _ = drain.run_until_cancelled(tokio::time::sleep(DEPTHS_EVERY)).await;
    }
    Ok(())
}

/// Writes down what was sent, and what is left at the end.
async fn sent(jobs: Arc<Jobs>, state: Arc<dyn Store>, drain: CancellationToken) -> Result<(), Error> {
    loop {
        let goes_on = drain.run_until_cancelled(tokio::time::sleep(SENT_EVERY)).await;
        if let Err(error) = jobs.sending().write(&*state).await {
            tracing::debug!(%error, "what was sent is written down later");
        }
        if goes_on.is_none() {
            return Ok(());
        }
    }
}

fn label(place: Place) -> PlaceLabel {
    match place {
        Place::Fast => PlaceLabel::Fast,
        Place::Standard => PlaceLabel::Standard,
        Place::Bulk => PlaceLabel::Bulk,
        Place::Backfill => PlaceLabel::Backfill,
    }
}
