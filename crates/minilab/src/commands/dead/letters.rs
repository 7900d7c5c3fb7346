//! Dead letters as records tell them, and which of them are meant.
use std::{collections::BTreeMap, fmt};

use anyhow::{Context as _, Result};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use minilab_recipe::Lane;
use minilab_record::{FailureRecord, Failures, UnreadableRecord};
use serde_json::{Value, json};

use crate::{cli::Which, units};

/// What messages that were no jobs are listed as.
pub const UNREADABLE: &str = "unreadable";

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub enum Letter {
    /// A lane of an original.
    Failure(FailureRecord),
    /// A message that was no job.
    Unreadable(UnreadableRecord),
}

impl Letter {
    /// Why it was given up, in one word.
    pub fn class(&self) -> &str {
        match self {
            Self::Failure(failure) => &failure.class,
            Self::Unreadable(_) => UNREADABLE,
        }
    }

    /// What names it.
    pub fn key(&self) -> String {
        match self {
            Self::Failure(failure) => failure.key.clone(),
            Self::Unreadable(message) => message.sha256.to_string(),
        }
    }

    /// The lane, where it is of one.
    pub fn lane(&self) -> Option<Lane> {
        match self {
            Self::Failure(failure) => Some(failure.lane),
            Self::Unreadable(_) => None,
        }
    }

    /// For people.
    pub fn sentence(&self) -> &str {
        match self {
            Self::Failure(failure) => &failure.sentence,
            Self::Unreadable(message) => &message.reason,
        }
    }

    /// When it was given up.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Failure(failure) => failure.at,
            Self::Unreadable(message) => message.at,
        }
    }

    /// As one line of NDJSON.
    pub fn value(&self) -> Value {
        match self {
            Self::Failure(failure) => json!(failure),
            Self::Unreadable(message) => {
                let mut value = json!(message);
                value["class"] = json!(UNREADABLE);
                value
            }
        }
    }
}

/// A choice of dead letters, at one moment.
#[derive(Debug, Clone)]
pub struct Choice {
    which: Which,
    now: Timestamp,
}

impl Choice {
    /// What the command line chooses.
    pub fn new(which: &Which, now: Timestamp) -> Self {
        Self {
            which: which.clone(),
            now,
        }
    }

    /// Is it one of them? A file that is no picture is nobody's dead letter: it has to be asked for by its class.
    pub fn takes(&self, letter: &Letter) -> bool {
        let Which {
            class,
            prefix,
            older_than,
            newer_than,
            lane,
            limit: _,
        } = &self.which;
        let is_of_class = if class.is_empty() {
            letter.class() != "input"
        } else {
            class.iter().any(|class| class == letter.class())
        };
        let age = self.now.duration_since(letter.at()).unsigned_abs();
        let is_future = letter.at() > self.now;
        is_of_class
            && prefix.as_deref().is_none_or(
                |prefix| matches!(letter, Letter::Failure(failure) if failure.key.starts_with(prefix)),
            )
            && lane.is_none_or(|lane| letter.lane() == Some(lane))
            && older_than.is_none_or(|least| !is_future && age >= least)
            && newer_than.is_none_or(|most| is_future || age < most)
    }

    /// All of them, in no order that means anything.
    pub fn of<'a>(&'a self, failures: &'a Failures) -> impl Stream<Item = Result<Letter>> + 'a {
        all(failures)
            .try_filter(|letter| std::future::ready(self.takes(letter)))
            .take(self.which.limit.unwrap_or(usize::MAX))
    }
}

/// Every failure record, and every message that was no job.
pub fn all(failures: &Failures) -> impl Stream<Item = Result<Letter>> + '_ {
    let failed = failures.list().map_ok(Letter::Failure);
    let unreadable = failures.list_unreadable().map_ok(Letter::Unreadable);
    let letters = failed.chain(unreadable);
    letters.map(|letter| letter.context("the failure records cannot be read"))
}

/// How many of each class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts(BTreeMap<String, usize>);

impl Counts {
    /// One more.
    pub fn add(&mut self, class: &str) {
        *self.0.entry(class.to_owned()).or_default() += 1;
    }

    /// Of all classes.
    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    /// By class.
    pub fn value(&self) -> Value {
        json!(self.0)
    }

    /// `3 jobs (1 exhausted, 2 poison)`
    pub fn told<'a>(&'a self, noun: &'a str) -> impl fmt::Display + 'a {
        std::fmt::from_fn(move |f| {
            write!(f, "{}", units::count(self.total(), noun))?;
            let classes: Vec<_> = self
                .0
                .iter()
                .map(|(class, count)| format!("{count} {class}"))
                .collect();
            if classes.is_empty() {
                Ok(())
            } else {
                write!(f, " ({})", classes.join(", "))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, time::Duration};

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn letter(key: &str, lane: Lane, class: &str, hours_ago: i64) -> Letter {
        let at = Timestamp::from_second(1_000_000 - hours_ago * 3600).unwrap();
        Letter::Failure(FailureRecord {
            v: 1,
            key: key.into(),
            lane,
            class: class.into(),
            code: "c".into(),
            sentence: "s".into(),
            stage: None,
            job: None,
            attempts: 1,
            crashes: 0,
            redrives: 0,
            worker: None,
            program: None,
            engine: "e".into(),
            spent_ms: BTreeMap::new(),
            first_seen: at,
            at,
        })
    }

    fn chosen(which: &Which) -> Vec<String> {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let unreadable = UnreadableRecord::new(b"x", "no".into(), now);
        let letters = [
            letter("a/1", Lane::Fast, "poison", 1),
            letter("a/2", Lane::Bulk, "exhausted", 3),
            letter("b/3", Lane::Fast, "input", 5),
            Letter::Unreadable(unreadable),
        ];
        let choice = Choice::new(which, now);
        let taken = letters.iter().filter(|letter| choice.takes(letter));
        taken.map(|letter| letter.class().to_owned()).collect()
    }

    #[test]
    fn originals_at_fault_themselves_are_chosen_only_by_name() {
        assert_eq!(chosen(&Which::default()), ["poison", "exhausted", "unreadable"]);
        let class = vec!["input".into(), "poison".into()];
        let which = Which {
            class,
            ..Which::default()
        };
        assert_eq!(chosen(&which), ["poison", "input"]);
    }

    #[test]
    fn every_filter_narrows_the_choice() {
        let prefix = Some("a/".into());
        let which = Which {
            prefix,
            ..Which::default()
        };
        assert_eq!(chosen(&which.clone()), ["poison", "exhausted"]);
        let lane = Some(Lane::Bulk);
        assert_eq!(chosen(&Which { lane, ..which }), ["exhausted"]);
        let older_than = Some(2 * HOUR);
        assert_eq!(
            chosen(&Which {
                older_than,
                ..Which::default()
            }),
            ["exhausted"]
        );
        let newer_than = Some(2 * HOUR);
        assert_eq!(
            chosen(&Which {
                newer_than,
                ..Which::default()
            }),
            ["poison", "unreadable"]
        );
    }

    #[test]
    fn counts_are_told_by_class() {
        let mut counts = Counts::default();
        assert_eq!(counts.told("job").to_string(), "0 jobs");
        for class in ["poison", "exhausted", "poison"] {
            counts.add(class);
        }
        assert_eq!(counts.told("job").to_string(), "3 jobs (1 exhausted, 2 poison)");
    }
}
