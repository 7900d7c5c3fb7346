//! The brake: a pass that would change too much of the world at once is more likely a mistake than the truth (a wrong bucket,
//! an expired lifecycle rule, a slip in the rules).
use minilab_telemetry::Finding;
use serde::{Deserialize, Serialize};

/// Changes held back at most; about 10 MB of checkpoint. What is beyond is found again by the next pass.
const HELD_MAX: usize = 100_000;

/// How much one pass may change unless it is allowed to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brake {
    /// Share of what the pass saw.
    pub share: f64,
    /// So many are always fine: small installations change wholly in a day.
    pub floor: u64,
    /// Originals without files and files made anew.
    pub creations: Allowance,
    /// Originals that are gone or that no rule takes any more.
    pub deletions: Allowance,
}

/// Does the brake apply?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// Yes.
    Braked,
    /// No: somebody wants it so, whatever the number.
    Granted,
}

impl Default for Brake {
    fn default() -> Self {
        Self {
            share: 0.01,
            floor: 1000,
            creations: Allowance::Braked,
            deletions: Allowance::Braked,
        }
    }
}

impl Brake {
    /// Creations are wanted, deletions are not trusted: for a start-up scan, where a new folder or a changed recipe is meant.
    #[must_use]
    pub fn allowing_creations(self) -> Self {
        Self {
            creations: Allowance::Granted,
            ..self
        }
    }

    /// Everything is wanted: for a part of a folder that just came or went, and for `--allow`.
    #[must_use]
    pub fn allowing_all(self) -> Self {
        Self {
            creations: Allowance::Granted,
            deletions: Allowance::Granted,
            ..self
        }
    }

    /// How many changes of one kind pass, of so many keys seen.
    pub(crate) fn limit(&self, seen: u64) -> u64 {
        ((seen as f64 * self.share) as u64).max(self.floor)
    }
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Files are made, or made anew.
    Creation,
    /// Files go.
    Deletion,
}

impl Kind {
    /// `None`: what was decided before, or changes nothing.
    pub(crate) fn of(finding: Finding) -> Option<Self> {
        match finding {
            Finding::Missing | Finding::Changed | Finding::Stale => Some(Self::Creation),
            Finding::Gone | Finding::Unmatched => Some(Self::Deletion),
            Finding::Pending | Finding::Current | Finding::Unreadable => None,
        }
    }
}

/// The changes of one pass that wait for its end, when it is known how much it saw. Part of its checkpoint, so that a pass
/// that is killed again and again is braked as one that is not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held<T> {
    items: Vec<T>,
    creations: u64,
    deletions: u64,
}

/// What the brake says at the end.
#[derive(Debug)]
pub(crate) enum Verdict<T> {
    /// These may go.
    Release(Vec<T>),
    /// Too many of one kind; nothing that was held may go.
    Stop {
        /// How many would have passed.
        limit: u64,
    },
}

impl<T> Default for Held<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            creations: 0,
            deletions: 0,
        }
    }
}

impl<T> Held<T> {
    /// Keeps the item if the brake applies to its kind, else gives it back.
    pub(crate) fn hold(&mut self, brake: &Brake, kind: Kind, item: T) -> Option<T> {
        let (count, allowance) = match kind {
            Kind::Creation => (&mut self.creations, brake.creations),
            Kind::Deletion => (&mut self.deletions, brake.deletions),
        };
        if allowance == Allowance::Granted {
            return Some(item);
        }
        *count += 1;
        if self.items.len() < HELD_MAX {
            self.items.push(item);
        }
        None
    }

    /// Decides, now that it is known how many keys were seen.
    pub(crate) fn verdict(&self, brake: &Brake, seen: u64) -> Verdict<T>
    where
        T: Clone,
    {
        let limit = brake.limit(seen);
        let too_many = |count, allowance| allowance == Allowance::Braked && count > limit;
        if too_many(self.creations, brake.creations) || too_many(self.deletions, brake.deletions) {
            Verdict::Stop { limit }
        } else {
            Verdict::Release(self.items.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_per_cent_or_a_thousand_pass_and_one_more_stops() {
        for (seen, count, passes) in [
            (1000, 1000, true),
            (1000, 1001, false),
            (200_000, 2000, true),
            (200_000, 2001, false),
        ] {
            let (brake, mut held) = (Brake::default(), Held::default());
            for _ in 0..count {
                assert_eq!(held.hold(&brake, Kind::Deletion, ()), None);
            }
            assert_eq!(
                matches!(held.verdict(&brake, seen), Verdict::Release(_)),
                passes,
                "{count} of {seen}"
            );
        }
    }

    #[test]
    fn what_is_allowed_is_not_held_and_what_was_held_before_it_was_allowed_goes() {
        let brake = Brake::default().allowing_creations();
        let mut held = Held::default();
        assert!(held.hold(&brake, Kind::Creation, "missing").is_some());
        for _ in 0..2000 {
            assert!(held.hold(&brake, Kind::Deletion, "gone").is_none());
        }
        assert!(matches!(held.verdict(&brake, 10), Verdict::Stop { limit: 1000 }));
        let verdict = held.verdict(&brake.allowing_all(), 10);
        assert!(matches!(verdict, Verdict::Release(items) if items.len() == 2000));
        assert_eq!(Kind::of(Finding::Pending), None);
    }
}
