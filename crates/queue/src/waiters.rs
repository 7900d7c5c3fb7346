//! Who waits for which queue, so that a message wakes the receivers of its own queue and nobody polls.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use crate::QueueName;

/// One bell per queue. Queue names are a small closed set, so bells are never taken down.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    bells: Mutex<HashMap<QueueName, Arc<Notify>>>,
}

impl Waiters {
    /// The bell of one queue. Call `enable` on its `notified()` *before* looking into the queue: what is rung after that is
    /// heard.
    pub(crate) fn bell(&self, queue: &QueueName) -> Arc<Notify> {
        let mut bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(bells.entry(queue.clone()).or_default())
    }

    /// Wakes every receiver of one queue. All, because one that was woken alone may have been dropped just then.
    pub(crate) fn ring(&self, queue: &QueueName) {
        self.bell(queue).notify_waiters();
    }

    /// Wakes everybody, to find out that the broker has closed.
    pub(crate) fn ring_all(&self) {
        let bells = self.bells.lock().unwrap_or_else(PoisonError::into_inner);
        bells.values().for_each(|bell| bell.notify_waiters());
    }
}
