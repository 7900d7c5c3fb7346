//! What a test writes down: which calls fail, and how.
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::watch;

/// The port's calls, for scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// [`crate::Store::get`]
    Get,
    /// [`crate::Store::head`]
    Head,
    /// [`crate::Store::tags`]
    Tags,
    /// [`crate::Store::put`]
    Put,
    /// [`crate::Store::list`]
    List,
    /// [`crate::Store::delete`]
    Delete,
}

impl Operation {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Head => "head",
            Self::Tags => "read the tags of",
            Self::Put => "put",
            Self::List => "list",
            Self::Delete => "delete",
        }
    }
}

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// [`crate::Error::Io`]; nothing has happened.
    Refuse,
    /// [`crate::Error::Io`], although it has happened: the ambiguous answer.
    LoseAnswer,
    /// [`crate::Error::Unavailable`], `disk full`; nothing has happened.
    DiskFull,
    /// [`crate::Error::Denied`]; nothing has happened.
    Deny,
    /// Of a `get`: the body ends in [`crate::Error::Io`] after its first chunk.
    CutBody,
    /// The body of a `get` is as long as the object's and has other bytes.
    GarbleBody,
}

/// Which calls a fault hits: of one operation, under a prefix, the nth or every.
#[derive(Debug, Clone)]
pub struct Calls {
    operation: Operation,
    prefix: String,
    nth: Option<u64>,
}

impl Calls {
    /// Every call of the operation.
    pub fn every(operation: Operation) -> Self {
        Self {
            operation,
            prefix: String::new(),
            nth: None,
        }
    }

    /// The nth call of the operation from now on, counting from 1.
    pub fn nth(operation: Operation, nth: u64) -> Self {
        Self {
            operation,
            prefix: String::new(),
            nth: Some(nth),
        }
    }

    /// Only calls whose key (of a listing: whose prefix) begins so; others are not counted either.
    #[must_use]
    pub fn under(self, prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            ..self
        }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Effect {
    Fault(Fault),
    Stall(Arc<Gate>),
}

/// A line of the script, and how many of its calls there were.
#[derive(Debug)]
struct Rule {
    calls: Calls,
    seen: u64,
    effect: Effect,
}

/// Shared by the test and the calls it holds.
#[derive(Debug)]
pub(super) struct Gate {
    reached: watch::Sender<bool>,
    released: watch::Sender<bool>,
}

/// A held call. It goes on when this is released or dropped.
#[derive(Debug)]
pub struct Stall(Arc<Gate>);

impl Stall {
    /// Waits until a call is held.
    pub async fn reached(&self) {
        self.0
            .reached
            .subscribe()
            .wait_for(|reached| *reached)
            .await
            .expect("the gate holds the sender");
    }

    /// Lets it go on, and all later ones.
    pub fn release(&self) {
        self.0.released.send_replace(true);
    }
}

impl Drop for Stall {
    fn drop(&mut self) {
        self.release();
    }
}

/// The rules so far, and the calls made.
#[derive(Debug, Default)]
pub(super) struct Script {
    rules: Mutex<Vec<Rule>>,
    made: Mutex<Vec<(Operation, String)>>,
}

impl Script {
    pub(super) fn add(&self, calls: Calls, effect: Effect) {
        locked(&self.rules).push(Rule {
            calls,
            seen: 0,
            effect,
        });
    }

    pub(super) fn stall(&self, calls: Calls) -> Stall {
        let gate = Arc::new(Gate {
            reached: watch::Sender::new(false),
            released: watch::Sender::new(false),
        });
        self.add(calls, Effect::Stall(Arc::clone(&gate)));
        Stall(gate)
    }

    pub(super) fn clear(&self) {
        locked(&self.rules).clear();
    }

    pub(super) fn count(&self, operation: Operation, prefix: &str) -> usize {
        let hit = |(made, at): &&(Operation, String)| *made == operation && at.starts_with(prefix);
        locked(&self.made).iter().filter(hit).count()
    }

    /// Waits where the script says so, and answers the fault that hits this call.
    pub(super) async fn begin(&self, operation: Operation, at: &str) -> Option<Fault> {
        locked(&self.made).push((operation, at.to_owned()));
        match self.hit(operation, at)? {
            Effect::Fault(fault) => Some(fault),
            Effect::Stall(gate) => {
                gate.reached.send_replace(true);
                let mut released = gate.released.subscribe();
                released
                    .wait_for(|released| *released)
                    .await
                    .expect("the gate holds the sender");
                None
            }
        }
    }

    /// Every rule counts the call, also behind one that hits.
    fn hit(&self, operation: Operation, at: &str) -> Option<Effect> {
        let mut hit = None;
        for rule in locked(&self.rules).iter_mut() {
            if rule.calls.operation == operation && at.starts_with(&rule.calls.prefix) {
                rule.seen += 1;
                if rule.calls.nth.is_none_or(|nth| nth == rule.seen) {
                    hit = hit.or_else(|| Some(rule.effect.clone()));
                }
            }
        }
        hit
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no code under this lock panics")
}
