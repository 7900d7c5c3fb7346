//! Passes that are asked for; equal ones once.
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use minilab_telemetry::RescanReason;
use tokio::sync::Notify;

/// Folders asked for one by one; beyond it everything is listed.
const TREES_MAX: usize = 1000;

/// From those who notice that something is to be looked at to those who look.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    wanted: Mutex<Wanted>,
    wake: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) all: bool,
    pub(super) no_watches: bool,
    pub(super) trees: BTreeSet<String>,
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

    /// Waits until there are some.
    pub(super) async fn asked(&self) {
        self.wake.notified().await;
    }

    pub(super) fn take(&self) -> Wanted {
        std::mem::take(&mut self.wanted.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
