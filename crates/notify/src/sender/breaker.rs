//! Leaves a receiver alone that takes nothing, and tries it with one notification at a time until it does.
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

/// Failures in a row: one receiver may refuse one notification for a reason of its own.
const FAILURES_MAX: u32 = 5;
/// The first pause; it doubles.
const PAUSE_MIN: Duration = Duration::from_secs(30);
/// The longest: what waits is told so long after the receiver is back, at the latest. Wake-ups go round once in it.
const PAUSE_MAX: Duration = Duration::from_mins(2);
/// While one tries, the others look again after this.
const TRIED: Duration = Duration::from_secs(5);

/// One receiver's.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Clone, Copy)]
enum State {
    Works { failures: u32 },
    LeftAlone { until: Timestamp, pause: Duration },
    Tried { since: Timestamp, pause: Duration },
}

/// What a try showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// Nothing new.
    Same,
    /// It takes nothing, and is left alone from now on.
    Away,
    /// It is back.
    Back,
}

/// Leave to tell it something.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    breaker: &'a Breaker,
    is_trial: bool,
}

impl Default for State {
    fn default() -> Self {
        Self::Works { failures: 0 }
    }
}

impl Breaker {
    /// How long it is left alone yet; `None`: it may be told.
    pub fn closed_for(&self, now: Timestamp) -> Option<Duration> {
        match *self.state() {
            State::LeftAlone { until, .. } if until > now => {
                Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
            }
            State::Tried { .. } => Some(TRIED),
            State::Works { .. } | State::LeftAlone { .. } => None,
        }
    }

    /// Does it take what it is told, as far as is known?
    pub fn works(&self) -> bool {
        matches!(*self.state(), State::Works { .. })
    }

    /// Leave to tell it one thing, unless it is left alone.
    pub fn enter(&self, now: Timestamp) -> Option<Leave<'_>> {
        if self.closed_for(now).is_some() {
            return None;
        }
        let mut state = self.state();
        let is_trial = match *state {
            State::LeftAlone { until, pause } => {
                *state = State::Tried { since: until, pause };
                true
            }
            State::Works { .. } => false,
            State::Tried { .. } => return None,
        };
        Some(Leave {
            breaker: self,
            is_trial,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave<'_> {
    /// It took it.
    pub fn taken(mut self) -> Shown {
        self.is_trial = false;
        let mut state = self.breaker.state();
        let was = std::mem::take(&mut *state);
        match was {
            State::Works { .. } => Shown::Same,
            State::LeftAlone { .. } | State::Tried { .. } => Shown::Back,
        }
    }

    /// It did not.
    pub fn refused(mut self, now: Timestamp) -> Shown {
        let is_trial = std::mem::take(&mut self.is_trial);
        let mut state = self.breaker.state();
        let (next, shown) = match *state {
            State::Works { failures } if failures + 1 < FAILURES_MAX => {
                let failures = failures + 1;
                (State::Works { failures }, Shown::Same)
            }
            State::Works { .. } => (left_alone(now, PAUSE_MIN), Shown::Away),
            State::Tried { pause, .. } if is_trial => {
                (left_alone(now, (pause * 2).min(PAUSE_MAX)), Shown::Same)
            }
            // Told before the others found out.
            same @ (State::LeftAlone { .. } | State::Tried { .. }) => (same, Shown::Same),
        };
        *state = next;
        shown
    }
}

/// A trial that nobody saw the end of tells nothing: the next one tries.
impl Drop for Leave<'_> {
    fn drop(&mut self) {
        let mut state = self.breaker.state();
        if let (true, State::Tried { since, pause }) = (self.is_trial, *state) {
            *state = State::LeftAlone { until: since, pause };
        }
    }
}

fn left_alone(now: Timestamp, pause: Duration) -> State {
    let until = now.checked_add(pause).unwrap_or(Timestamp::MAX);
    State::LeftAlone { until, pause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("within the years that there are")
    }

    fn fail(breaker: &Breaker, now: i64) -> Shown {
        breaker.enter(at(now)).expect("it may be told").refused(at(now))
    }

    fn away() -> Breaker {
        let breaker = Breaker::default();
        let shown: Vec<_> = (0..FAILURES_MAX).map(|_| fail(&breaker, 0)).collect();
        assert_eq!(shown.last(), Some(&Shown::Away));
        breaker
    }

    #[test]
    fn receiver_that_takes_something_now_and_then_is_not_left_alone() {
        let breaker = Breaker::default();
        for _ in 0..10 {
            for _ in 1..FAILURES_MAX {
                assert_eq!(fail(&breaker, 0), Shown::Same);
            }
            assert_eq!(breaker.enter(at(0)).map(Leave::taken), Some(Shown::Same));
        }
    }

    #[test]
    fn one_tries_while_the_others_wait_and_pauses_grow() {
        let breaker = away();
        assert!(breaker.enter(at(29)).is_none());
        let trial = breaker.enter(at(30)).expect("the pause is over");
        assert!(breaker.enter(at(30)).is_none(), "one tries already");
        assert_eq!(trial.refused(at(31)), Shown::Same);
        assert_eq!(breaker.closed_for(at(31)), Some(Duration::from_mins(1)));
        assert_eq!(fail(&breaker, 91), Shown::Same);
        assert_eq!(fail(&breaker, 1000), Shown::Same);
        assert_eq!(breaker.closed_for(at(1000)), Some(PAUSE_MAX));
    }

    #[test]
    fn success_of_one_opens_the_way_for_all() {
        let breaker = away();
        assert_eq!(breaker.enter(at(30)).map(Leave::taken), Some(Shown::Back));
        assert!(breaker.enter(at(30)).is_some() && breaker.enter(at(30)).is_some());
    }

    #[test]
    fn trial_that_was_broken_off_is_made_by_the_next() {
        let breaker = away();
        drop(breaker.enter(at(30)));
        assert!(breaker.enter(at(30)).is_some());
    }
}
