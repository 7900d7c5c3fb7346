//! What both roles stand on: the document, its stores and its queue, connected and counted.
use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use anyhow::{Context as _, Result};
use futures::future::join_all;
use jiff::Timestamp;
use minilab_queue::{Clock, Queue, SystemClock};
use minilab_recipe::{Document, Location};
use minilab_record::{
    Failures, Records,
    revision::{self, Revision},
};
use minilab_telemetry::{MeteredQueue, MeteredStore, Metrics, StoreRole, traces::Tracer};

use super::{Places, Stores, queue};
use crate::config::Config;

/// One process's connections.
#[derive(Debug, Clone)]
pub struct Backing {
    /// What it follows.
    pub document: Arc<Document>,
    /// Its stores, counted.
    pub stores: Stores,
    /// Where jobs wait, counted.
    pub queue: Arc<dyn Queue>,
    /// Brokers to receive events from: that of the jobs, others, or none.
    pub events: Vec<Arc<dyn Queue>>,
    /// What it tells of itself.
    pub metrics: Arc<Metrics>,
    /// Who takes spans.
    pub tracer: Tracer,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Originals, where they are files of this machine.
    pub folder: Option<PathBuf>,
    /// Where a worker finds the pictures that recipes name.
    pub assets: BTreeMap<String, Location>,
}

impl Backing {
    /// Connects to everything that the configuration names.
    pub async fn connect(config: &Config, metrics: &Arc<Metrics>) -> Result<Self> {
        let places = Places::of(config)?;
        places.check()?;
        let stores = metered(Stores::open(&places).await?, metrics);
        let queue = queue::open(&places.queue)
            .await
            .context("the queue cannot be opened")?;
        let folder = match &places.from {
            Location::Folder(path) => {
                let path = path
                    .canonicalize()
                    .context("the folder of originals cannot be found")?;
                Some(path)
            }
            Location::S3(_) => None,
        };
        Ok(Self {
            document: Arc::new(config.document.clone()),
            stores,
            queue: Arc::new(MeteredQueue::new(queue, &metrics.queue)),
            events: Vec::new(),
            metrics: Arc::clone(metrics),
            tracer: Tracer::off(),
            clock: Arc::new(SystemClock::default()),
            folder,
            assets: places.assets,
        })
    }

    /// The same, whose roles tell of traces.
    pub fn traced(self, tracer: Tracer) -> Self {
        Self { tracer, ..self }
    }

    /// The same, connected to where events wait as well.
    pub async fn with_events(mut self) -> Result<Self> {
        self.events = queue::open_events(&self.document, &self.queue)
            .await
            .context("the queues of events cannot be opened")?;
        Ok(self)
    }

    /// Gives back what brokers have handed out and nobody here has got.
    pub async fn close(&self) {
        let others = self
            .events
            .iter()
            .filter(|events| !Arc::ptr_eq(events, &self.queue));
        join_all(others.chain([&self.queue]).map(|queue| queue.close())).await;
    }

    /// Puts the document into force: its number.
    pub async fn activate(&self) -> Result<u64> {
        revision::activate(&*self.stores.state, &self.document.digest(), Timestamp::now())
            .await
            .context("the configuration cannot be put into force")
    }

    /// What is in force, by whomever.
    pub async fn revision(&self) -> Result<Option<Revision>> {
        revision::current(&*self.stores.state)
            .await
            .context("the configuration in force cannot be read")
    }

    /// What was made.
    pub fn records(&self) -> Records {
        Records::new(Arc::clone(&self.stores.state))
    }

    /// What cannot be made.
    pub fn failures(&self) -> Failures {
        Failures::new(Arc::clone(&self.stores.state))
    }
}

fn metered(stores: Stores, metrics: &Metrics) -> Stores {
    let wrap = |store, role| Arc::new(MeteredStore::new(store, role, &metrics.store));
    Stores {
        from: wrap(stores.from, StoreRole::Originals),
        to: wrap(stores.to, StoreRole::Outputs),
        state: wrap(stores.state, StoreRole::State),
    }
}
