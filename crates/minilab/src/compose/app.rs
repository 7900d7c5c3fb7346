//! The program of one machine: both roles over one backing, in one process.
use std::sync::Arc;

use anyhow::{Context as _, Result};
use minilab_dispatcher::{Dispatcher, Progress, Sharing};
use minilab_notify::Sender;
use minilab_scaling::Lessons;
use minilab_store::Store;
use minilab_worker::{Ready, Worker};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{Backing, Machine, Working, dispatcher, sender, telling, worker};
use crate::{probes::Refresh, stop::Stop};

/// Everything composed, nothing running.
#[derive(Debug)]
pub struct App {
    dispatcher: Dispatcher,
    worker: Worker,
    lessons: Arc<Lessons>,
    state: Arc<dyn Store>,
    sender: Option<Sender>,
}

impl App {
    /// Puts the configuration into force and builds both roles.
    pub async fn build(backing: &Backing, machine: Machine) -> Result<(Self, Refresh)> {
        let revision = backing.activate().await?;
        let Working {
            worker,
            refresh,
            lessons,
        } = worker(backing, revision, machine).await?;
        let dispatcher = dispatcher(backing, revision, Sharing::Alone);
        let sender = sender(backing)?;
        let app = Self {
            dispatcher,
            worker,
            lessons,
            state: Arc::clone(&backing.stores.state),
            sender,
        };
        Ok((app, refresh))
    }

    /// To give it more to take events from.
    pub fn dispatcher(&mut self) -> &mut Dispatcher {
        &mut self.dispatcher
    }

    /// How far the dispatcher is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.dispatcher.progress()
    }

    /// Does the worker take jobs?
    pub fn ready(&self) -> watch::Receiver<Ready> {
        self.worker.ready()
    }

    /// Its loops, until they have stopped. One that fails stops the other.
    pub async fn run(self, stop: Stop) -> Result<()> {
        let dispatching = async {
            let ended = self.dispatcher.run(stop.drain.clone(), stop.abort.clone()).await;
            stop.drain.cancel();
            ended.context("the dispatcher has stopped")
        };
        let over = CancellationToken::new();
        let working = async {
            self.worker.run(stop.drain.clone(), stop.abort.clone()).await;
            over.cancel();
        };
        let (dispatched, (), (), ()) = tokio::join!(
            dispatching,
            working,
            self.lessons.run(&*self.state, over.clone()),
            telling(self.sender, &stop)
        );
        dispatched
    }
}
