//! Why a process is not ready, part by part: what `/readyz` answers.
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use serde_json::{Value, json};

/// What a process needs, or is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// It has not found all it needs yet.
    Start,
    /// It stops.
    Draining,
    /// Where jobs wait.
    Broker,
    /// The store of originals.
    Originals,
    /// The store of files.
    Files,
    /// The store of records.
    State,
    /// The configuration that it follows.
    Configuration,
    /// Its own work: what the last attempts ran into.
    Work,
}

impl Part {
    /// Does every process come through it? Then it is no news for the log.
    fn is_planned(self) -> bool {
        matches!(self, Self::Start | Self::Draining)
    }

    /// As it is printed; stable.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Draining => "draining",
            Self::Broker => "broker",
            Self::Originals => "originals",
            Self::Files => "files",
            Self::State => "state",
            Self::Configuration => "configuration",
            Self::Work => "work",
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong now.
#[derive(Debug, Default)]
pub struct Readiness {
    /// Parts whose trouble is told but does not keep it from its work.
    tolerated: &'static [Part],
    wrong: Mutex<BTreeMap<Part, String>>,
}

/// A look at what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Can it do its work?
    pub ready: bool,
    /// What is wrong.
    pub wrong: Vec<(Part, String)>,
}

impl Readiness {
    /// Nothing is wrong yet; trouble with the parts named will be tolerated.
    pub fn tolerating(tolerated: &'static [Part]) -> Self {
        Self {
            tolerated,
            wrong: Mutex::default(),
        }
    }

    /// Says what is wrong with a part, or that nothing is.
    pub fn set(&self, part: Part, reason: Option<String>) {
        // A panic between two calls cannot leave the map half-written.
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let (was, is) = match reason {
            Some(reason) => (wrong.insert(part, reason.clone()).is_some(), Some(reason)),
            None => (wrong.remove(&part).is_some(), None),
        };
        drop(wrong);
        match (was, is) {
            _ if part.is_planned() => {}
            (false, Some(reason)) => tracing::warn!(part = %part, "not right: {reason}"),
            (true, None) => tracing::info!(part = %part, "right again"),
            _ => {}
        }
    }

    /// What is wrong now.
    pub fn look(&self) -> Look {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        Look {
            ready: wrong.keys().all(|part| self.tolerated.contains(part)),
            wrong: wrong
                .iter()
                .map(|(part, reason)| (*part, reason.clone()))
                .collect(),
        }
    }
}

impl Look {
    /// For people, one line for each part.
    pub fn text(&self) -> String {
        let mut text = if self.ready { "ready\n" } else { "not ready\n" }.to_owned();
        for (part, reason) in &self.wrong {
            text += &format!("{part}: {reason}\n");
        }
        text
    }

    /// For machines.
    pub fn value(&self) -> Value {
        let reason = |(part, reason): &(Part, String)| json!({ "part": part.as_str(), "reason": reason });
        json!({ "ready": self.ready, "reasons": self.wrong.iter().map(reason).collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_that_is_wrong_is_told_until_it_is_right_again() {
        let readiness = Readiness::default();
        assert_eq!(readiness.look().text(), "ready\n");
        readiness.set(Part::State, Some("denied".to_owned()));
        readiness.set(Part::Broker, Some("refused".to_owned()));
        let look = readiness.look();
        assert!(!look.ready);
        assert_eq!(look.text(), "not ready\nbroker: refused\nstate: denied\n");
        assert_eq!(look.value()["reasons"][1]["part"], "state");
        readiness.set(Part::State, None);
        readiness.set(Part::Broker, None);
        assert!(readiness.look().ready);
    }

    #[test]
    fn trouble_that_is_tolerated_is_told_all_the_same() {
        let readiness = Readiness::tolerating(&[Part::Files]);
        readiness.set(Part::Files, Some("full".to_owned()));
        assert!(readiness.look().ready);
        assert_eq!(readiness.look().text(), "ready\nfiles: full\n");
        readiness.set(Part::Start, Some("connecting".to_owned()));
        assert!(!readiness.look().ready);
    }
}
