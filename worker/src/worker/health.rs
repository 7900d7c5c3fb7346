//! Whether the worker takes jobs. It does not while something that every job needs is missing.
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::watch;

use super::breaker::Breaker;
use crate::{Error, dependency::Dependency, outcome::Class};

/// The first pause: most such failures are a restart somewhere.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest: an operator who has made room on the disk sees it work within half a minute.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// Does the worker take jobs?
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// Yes.
    Yes,
    /// No, for these reasons.
    No(Vec<Unready>),
}

/// A reason why no jobs are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unready {
    /// What is missing.
    pub dependency: Dependency,
    /// What it said, for people.
    pub sentence: String,
}

impl fmt::Display for Unready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.dependency, self.sentence)
    }
}

/// The breakers, what follows from them, and the pause before they are tried again.
#[derive(Debug)]
pub(super) struct Health {
    ready: watch::Sender<Ready>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    breakers: BTreeMap<Dependency, Breaker>,
    pause: Duration,
}

impl Default for Health {
    fn default() -> Self {
        let breakers = Dependency::ALL.map(|dependency| (dependency, Breaker::default()));
        Self {
            ready: watch::Sender::new(Ready::Yes),
            state: Mutex::new(State {
                breakers: breakers.into(),
                pause: PAUSE_MIN,
            }),
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

    /// Something that every job needs is missing, as this call to it says.
    pub fn failed(&self, error: &Error) {
        let Some(dependency) = Dependency::of(error) else {
            return;
        };
        let (code, sentence) = error.code_and_sentence();
        let mut state = self.state();
        let breaker = state.breaker(dependency);
        if breaker.reason().is_none() {
            tracing::error!(
                code,
                dependency = dependency.as_str(),
                "no more jobs are taken until it works again: {sentence}"
            );
        }
        breaker.open(sentence);
        self.tell(&state);
    }

    /// A job of this key failed at it, while a canary gets through. Is it away all the same?
    pub fn is_tripped_by(&self, dependency: Dependency, key: &str) -> bool {
        self.state().breaker(dependency).is_tripped_by(key)
    }

    /// A canary got through.
    pub fn half_open(&self, dependency: Dependency) {
        let mut state = self.state();
        let breaker = state.breaker(dependency);
        if breaker.reason().is_some() {
            breaker.half_open();
            tracing::info!(dependency = dependency.as_str(), "it works again");
        }
        self.tell(&state);
    }

    /// A job came to this: it got all that such a job needs, so the next failure is a new one.
    pub fn proven(&self, class: Class) {
        let proven: &[Dependency] = match class {
            Class::Complete | Class::Partial | Class::Input => &Dependency::ALL,
            Class::Noop => &[Dependency::Originals, Dependency::State],
            _ => return,
        };
        let mut state = self.state();
        for dependency in proven {
            state.breaker(*dependency).succeeded();
        }
        if class != Class::Noop {
            state.pause = PAUSE_MIN;
        }
    }

    /// How long to wait before it is tried again; longer each time until a job has got all it needs.
    pub fn next_pause(&self) -> Duration {
        let pause = &mut self.state().pause;
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

    fn tell(&self, state: &State) {
        let reasons: Vec<_> = state
            .breakers
            .iter()
            .filter_map(|(dependency, breaker)| {
                let sentence = breaker.reason()?.to_owned();
                Some(Unready {
                    dependency: *dependency,
                    sentence,
                })
            })
            .collect();
        let now = if reasons.is_empty() {
            Ready::Yes
        } else {
            Ready::No(reasons)
        };
        self.ready
            .send_if_modified(|ready| std::mem::replace(ready, now.clone()) != now);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn breaker(&mut self, dependency: Dependency) -> &mut Breaker {
        self.breakers.entry(dependency).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Error {
        Error::Queue(minilab_queue::Error::Unavailable {
            queue: "fast".to_owned(),
            operation: "receive",
            cause: "gone".into(),
        })
    }

    #[test]
    fn pauses_double_up_to_half_a_minute_until_a_job_succeeds() {
        let health = Health::default();
        let seconds: Vec<_> = (0..7).map(|_| health.next_pause().as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 30, 30]);
        health.proven(Class::Complete);
        assert_eq!(health.next_pause().as_secs(), 1);
    }

    #[test]
    fn every_dependency_that_is_away_is_a_reason_until_it_is_back() {
        let health = Health::default();
        health.failed(&away());
        health.failed(&Error::Silent {
            dependency: Dependency::State,
        });
        let Ready::No(reasons) = health.ready.borrow().clone() else {
            panic!("two are away");
        };
        let missing: Vec<_> = reasons.iter().map(|reason| reason.dependency).collect();
        assert_eq!(missing, [Dependency::Broker, Dependency::State]);
        health.half_open(Dependency::State);
        assert!(!health.is_ready());
        health.half_open(Dependency::Broker);
        assert!(health.is_ready());
    }
}
