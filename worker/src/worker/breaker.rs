//! Decides when a dependency counts as away although a canary gets through: by the jobs that fail at it, one after another.
use std::{collections::BTreeSet, time::Duration};

use tokio::time::Instant;

/// Originals that fail one after another until their dependency counts as away. Fewer may have reasons of their own.
const KEYS_MAX: usize = 5;
/// Nothing but failures for so long, of more than one original, says the same.
const FAILING_MAX: Duration = Duration::from_secs(30);

/// The breaker of one dependency.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    streak: Option<Streak>,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
enum State {
    /// Jobs are taken.
    #[default]
    Closed,
    /// None are, for this reason.
    Open(String),
    /// A canary got through; the next job tells.
    HalfOpen,
}

/// Failures since the last success.
#[derive(Debug)]
struct Streak {
    since: Instant,
    keys: BTreeSet<String>,
}

impl Breaker {
    /// No jobs are taken until a canary gets through.
    pub fn open(&mut self, reason: String) {
        self.state = State::Open(reason);
    }

    /// A job failed at it. Is it away? After it was, one more failure says so.
    pub fn is_tripped_by(&mut self, key: &str) -> bool {
        let now = Instant::now();
        let streak = self.streak.get_or_insert_with(|| Streak {
            since: now,
            keys: BTreeSet::new(),
        });
        if streak.keys.len() < KEYS_MAX {
            streak.keys.insert(key.to_owned());
        }
        let keys = streak.keys.len();
        let lasts = keys > 1 && now - streak.since > FAILING_MAX;
        self.state != State::Closed || keys >= KEYS_MAX || lasts
    }

    /// A canary got through.
    pub fn half_open(&mut self) {
        if matches!(self.state, State::Open(_)) {
            self.state = State::HalfOpen;
        }
    }

    /// A job got what it needed.
    pub fn succeeded(&mut self) {
        self.streak = None;
        if self.state == State::HalfOpen {
            self.state = State::Closed;
        }
    }

    /// Why no jobs are taken.
    pub fn reason(&self) -> Option<&str> {
        match &self.state {
            State::Open(reason) => Some(reason),
            State::Closed | State::HalfOpen => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn fifth_original_that_fails_in_a_row_trips_it_and_a_success_between_does_not_let_it() {
        let mut breaker = Breaker::default();
        for key in ["a", "b", "c", "d", "a", "b"] {
            assert!(!breaker.is_tripped_by(key), "{key}");
        }
        breaker.succeeded();
        assert!(!breaker.is_tripped_by("e"));
        assert!(["f", "g", "h"].iter().all(|key| !breaker.is_tripped_by(key)));
        assert!(breaker.is_tripped_by("i"));
    }

    #[tokio::test(start_paused = true)]
    async fn half_a_minute_of_nothing_but_failures_trips_it_unless_they_are_one_originals() {
        let mut breaker = Breaker::default();
        assert!(!breaker.is_tripped_by("a"));
        tokio::time::sleep(FAILING_MAX * 2).await;
        assert!(!breaker.is_tripped_by("a"));
        assert!(breaker.is_tripped_by("b"));
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_canary_one_job_decides() {
        let mut breaker = Breaker::default();
        breaker.open("refused".to_owned());
        assert_eq!(breaker.reason(), Some("refused"));
        breaker.half_open();
        assert_eq!(breaker.reason(), None);
        assert!(breaker.is_tripped_by("a"));
        breaker.open("refused".to_owned());
        breaker.half_open();
        breaker.succeeded();
        assert!(!breaker.is_tripped_by("a"));
    }
}
