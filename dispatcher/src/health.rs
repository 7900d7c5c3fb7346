//! Whether the dispatcher has what it needs. What is missing is waited for; meanwhile everybody may see what it is.
use std::{
    collections::BTreeMap,
    error,
    sync::{Mutex, PoisonError},
};

use tokio::sync::watch;

/// Has the dispatcher what it needs?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// Yes.
    Yes,
    /// No, and why, for people.
    No(String),
}

/// What the dispatcher needs from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// The queues take jobs.
    Jobs,
    /// A broker hands out events.
    Events,
    /// Stores can be listed and compared.
    Passes,
    /// What is over can be deleted.
    Sweeps,
}

impl Need {
    fn lost(self) -> &'static str {
        match self {
            Self::Jobs => "jobs cannot be queued",
            Self::Events => "events cannot be received",
            Self::Passes => "originals cannot be compared with records",
            Self::Sweeps => "files that are over cannot be swept",
        }
    }
}

/// What is missing now.
#[derive(Debug)]
pub(crate) struct Health {
    missing: Mutex<BTreeMap<Need, String>>,
    ready: watch::Sender<Ready>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            missing: Mutex::default(),
            ready: watch::Sender::new(Ready::Yes),
        }
    }
}

impl Health {
    pub(crate) fn subscribe(&self) -> watch::Receiver<Ready> {
        self.ready.subscribe()
    }

    /// Something is missing. Logged when it is news.
    pub(crate) fn lacks(&self, need: Need, error: &dyn error::Error) {
        let reason = format!("{}: {}", need.lost(), chain(error));
        self.change(|missing| {
            if missing.insert(need, reason.clone()).as_ref() != Some(&reason) {
                tracing::error!("{reason}");
            }
        });
    }

    /// It is there.
    pub(crate) fn works(&self, need: Need) {
        self.change(|missing| {
            if missing.remove(&need).is_some() {
                tracing::info!("no longer: {}", need.lost());
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<Need, String>)) {
        let mut missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut missing);
        let reasons: Vec<_> = missing.values().map(String::as_str).collect();
        let ready = if reasons.is_empty() {
            Ready::Yes
        } else {
            Ready::No(reasons.join("; "))
        };
        self.ready.send_if_modified(|told| {
            let is_news = *told != ready;
            *told = ready;
            is_news
        });
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_missing_thing_is_named_until_it_is_back() {
        let (health, error) = (Health::default(), std::io::Error::other("away"));
        let ready = health.subscribe();
        health.lacks(Need::Passes, &error);
        health.lacks(Need::Jobs, &error);
        let both = "jobs cannot be queued: away; originals cannot be compared with records: away";
        assert_eq!(*ready.borrow(), Ready::No(both.to_owned()));
        health.works(Need::Jobs);
        health.works(Need::Passes);
        assert_eq!(*ready.borrow(), Ready::Yes);
    }
}
