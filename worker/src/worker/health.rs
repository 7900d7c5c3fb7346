//! Whether the worker takes jobs. It does not while something that every job needs is missing.
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use crate::Error;

/// The first pause: most such failures are a restart somewhere.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest: an operator who has made room on the disk sees it work within half a minute.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Does the worker take jobs?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// Yes.
    Yes,
    /// No, and why, for people.
    No(String),
}

/// Readiness and the pause before it is tried again.
#[derive(Debug)]
pub(super) struct Health {
    ready: watch::Sender<Ready>,
    pause: Mutex<Duration>,
}

impl Default for Health {
    fn default() -> Self {
        Self {
            ready: watch::Sender::new(Ready::Yes),
            pause: Mutex::new(PAUSE_MIN),
        }
    }
}

impl Health {
    pub fn subscribe(&self) -> watch::Receiver<Ready> {
        self.ready.subscribe()
    }

    pub fn is_ready(&self) -> bool {
        *self.ready.borrow() == Ready::Yes
    }

    /// Something that every job needs is missing.
    pub fn failed(&self, error: &Error) {
        let (code, reason) = error.code_and_sentence();
        let was_ready = self.ready.send_replace(Ready::No(reason.clone())) == Ready::Yes;
        if was_ready {
            tracing::error!(code, "no more jobs are taken until it works again: {reason}");
        }
    }

    /// It seems to be there again.
    pub fn recovered(&self) {
        self.ready.send_replace(Ready::Yes);
        tracing::info!("jobs are taken again");
    }

    /// A job got all it needed, so the next failure is a new one.
    pub fn proven(&self) {
        *self.pause() = PAUSE_MIN;
    }

    /// How long to wait before it is tried again; longer each time until a job has got all it needs.
    pub fn next_pause(&self) -> Duration {
        let mut pause = self.pause();
        let now = *pause;
        *pause = (now * 2).min(PAUSE_MAX);
        now
    }

    /// Returns when the worker stops taking jobs.
    pub async fn broken(&self) {
        let mut ready = self.ready.subscribe();
        ready
            .wait_for(|ready| *ready != Ready::Yes)
            .await
            .expect("the sender lives in self");
    }

    fn pause(&self) -> std::sync::MutexGuard<'_, Duration> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_half_a_minute_until_a_job_succeeds() {
        let health = Health::default();
        let seconds: Vec<_> = (0..7).map(|_| health.next_pause().as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
        health.proven();
        assert_eq!(health.next_pause().as_secs(), 1);
    }
}
