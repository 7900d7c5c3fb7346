//! The program of one machine: dispatcher and worker over folders and an embedded queue, in one process.
use std::{num::NonZeroU32, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use jiff::Timestamp;
use minilab_dispatcher::{Dispatcher, Folder, Jobs, Progress, SweepConfig};
use minilab_queue::{Clock, Queue, Sqlite, SqliteConfig, SystemClock};
use minilab_recipe::Document;
use minilab_record::{Failures, Records, revision};
use minilab_telemetry::{MeteredQueue, MeteredStore, Metrics, StoreRole};
use minilab_worker::{
    Lanes, Observer, Ready, Worker, WorkerParts,
    outcome::Budget,
    pool::{PoolConfig, ProcessPool},
};
use tokio::sync::watch;

use super::{Places, Stores, observe};
use crate::{
    config::Config,
    exit::{Exit, Refusal},
    stop::Stop,
};

/// What it is made of that its configuration does not say.
#[derive(Clone)]
pub struct Machine {
    /// The renderer to run.
    pub renderer: std::path::PathBuf,
    /// Renderers at work at one time in any lane; there is one more for the lane `fast`.
    pub slots: NonZeroU32,
    /// Is told of every delivery.
    pub observer: Observer,
    /// How much a job may cost before it is given up.
    pub budget: Budget,
}

/// Everything composed, nothing running.
#[derive(Debug)]
pub struct App {
    /// What it follows.
    pub document: Arc<Document>,
    /// Its stores, counted.
    pub stores: Stores,
    /// Where jobs wait.
    pub queue: Arc<dyn Queue>,
    /// What it tells of itself.
    pub metrics: Arc<Metrics>,
    /// What renders.
    pub pool: ProcessPool,
    dispatcher: Dispatcher,
    worker: Worker,
}

impl App {
    /// Opens everything and puts the configuration into force.
    pub async fn build(config: Config, machine: Machine) -> Result<Self> {
        let places = Places::of(&config)?;
        places.check()?;
        let document = Arc::new(config.document);
        let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
        let stores = metered(Stores::open(&places).await?, &metrics);
        let queue = queue(&places.queue, &metrics).await?;
        let number = revision::activate(&*stores.state, &document.digest(), Timestamp::now())
            .await
            .context("the configuration cannot be put into force")?;
        let slots = machine.slots.saturating_add(1);
        let pool = start_pool(&machine.renderer, slots).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let jobs = Jobs::new(
            Arc::clone(&document),
            number,
            Arc::clone(&queue),
            Arc::clone(&clock),
            Arc::clone(&metrics),
        );
        let dispatching = minilab_dispatcher::Config {
            folder: Some(Folder::new(
                places
                    .from
                    .canonicalize()
                    .context("the folder of originals cannot be found")?,
            )),
            sweep: SweepConfig {
                retain: document.retain,
            },
            ..minilab_dispatcher::Config::default()
        };
        let dispatched = minilab_dispatcher::Stores {
            originals: Arc::clone(&stores.from),
            outputs: Arc::clone(&stores.to),
            state: Arc::clone(&stores.state),
        };
        let dispatcher = Dispatcher::new(dispatching, dispatched, Arc::new(jobs), Arc::clone(&metrics));
        let worker = Worker::new(WorkerParts {
            document: Arc::clone(&document),
            revision: number,
            originals: Arc::clone(&stores.from),
            output: Arc::clone(&stores.to),
            state: Arc::clone(&stores.state),
            queue: Arc::clone(&queue),
            renderer: Arc::new(pool.clone()),
            clock,
            observer: counting(machine.observer, Arc::clone(&metrics)),
            lanes: Lanes::default(),
            slots: slots.get() as usize,
            budget: machine.budget,
        });
        Ok(Self {
            document,
            stores,
            queue,
            metrics,
            pool,
            dispatcher,
            worker,
        })
    }

    /// How far the dispatcher is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.dispatcher.progress()
    }

    /// Does the worker take jobs?
    pub fn ready(&self) -> watch::Receiver<Ready> {
        self.worker.ready()
    }

    /// Asks how many of the worker's slots are at work, and how many there are.
    pub fn slots(&self) -> impl Fn() -> (usize, usize) + Send + Sync + use<> {
        self.worker.slots()
    }

    /// What was made.
    pub fn records(&self) -> Records {
        Records::new(Arc::clone(&self.stores.state))
    }

    /// What cannot be made.
    pub fn failures(&self) -> Failures {
        Failures::new(Arc::clone(&self.stores.state))
    }

    /// Both loops, until they have stopped. One that fails stops the other.
    pub async fn run(self, stop: Stop) -> Result<()> {
        let dispatching = async {
            let ended = self.dispatcher.run(stop.drain.clone(), stop.abort.clone()).await;
            stop.drain.cancel();
            ended.context("the dispatcher has stopped")
        };
        let (dispatched, ()) = tokio::join!(
            dispatching,
            self.worker.run(stop.drain.clone(), stop.abort.clone())
        );
        dispatched
    }
}

/// Starts the renderers; the first must come up.
pub async fn start_pool(renderer: &Path, slots: NonZeroU32) -> Result<ProcessPool> {
    ProcessPool::start(PoolConfig::new(renderer, slots.get()))
        .await
        .map_err(|error| {
            let fix = "build or install minilab and minilab-renderer together (`cargo build` builds both)";
            Refusal::new(
                Exit::Unexpected,
                format!("the renderer {} does not start: {error}", renderer.display()),
                fix,
            )
            .into()
        })
}

async fn queue(path: &Path, metrics: &Metrics) -> Result<Arc<dyn Queue>> {
    let sqlite = Sqlite::open(SqliteConfig::at(path))
        .await
        .context("the queue cannot be opened")?;
    Ok(Arc::new(MeteredQueue::new(Arc::new(sqlite), &metrics.queue)))
}

fn metered(stores: Stores, metrics: &Metrics) -> Stores {
    let wrap = |store, role| Arc::new(MeteredStore::new(store, role, &metrics.store));
    Stores {
        from: wrap(stores.from, StoreRole::Originals),
        to: wrap(stores.to, StoreRole::Outputs),
        state: wrap(stores.state, StoreRole::State),
    }
}

fn counting(observer: Observer, metrics: Arc<Metrics>) -> Observer {
    Arc::new(move |report| {
        observe::job(&metrics, report);
        observer(report);
    })
}
