//! The brake: a pass that would change too much of the world at once is more likely a mistake than the truth (a wrong bucket,
//! an expired lifecycle rule, a slip in the rules).
use minilab_telemetry::Finding;

use crate::Hint;

/// Hints held back at most; about 20 MB. What is beyond is found again by the next pass.
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

/// The changes of one pass that wait for its end, when it is known how much it saw.
#[derive(Debug)]
pub(crate) struct Held {
    brake: Brake,
    hints: Vec<Hint>,
    creations: u64,
    deletions: u64,
}

/// What the brake says at the end.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// These may go.
    Release(Vec<Hint>),
    /// Too many of one kind; nothing that was held may go.
    Stop,
}

impl Held {
    pub(crate) fn new(brake: Brake) -> Self {
        Self {
            brake,
            hints: Vec::new(),
            creations: 0,
            deletions: 0,
        }
    }

    /// Keeps the hint if the brake applies to its finding, else gives it back.
    pub(crate) fn hold(&mut self, finding: Finding, hint: Hint) -> Option<Hint> {
        let (count, allowance) = match finding {
            Finding::Missing | Finding::Changed | Finding::Stale => {
                (&mut self.creations, self.brake.creations)
            }
            Finding::Gone | Finding::Unmatched => (&mut self.deletions, self.brake.deletions),
            Finding::Pending | Finding::Current | Finding::Unreadable => return Some(hint),
        };
        if allowance == Allowance::Granted {
            return Some(hint);
        }
        *count += 1;
        if self.hints.len() < HELD_MAX {
            self.hints.push(hint);
        }
        None
    }

    /// Decides, now that it is known how many keys were seen.
    pub(crate) fn verdict(self, seen: u64) -> Verdict {
        let limit = self.brake.limit(seen);
        if self.creations > limit || self.deletions > limit {
            Verdict::Stop
        } else {
            Verdict::Release(self.hints)
        }
    }
}

#[cfg(test)]
mod tests {
    use minilab_store::Key;
    use minilab_telemetry::Producer;

    use super::*;
    use crate::Change;

    fn gone(held: &mut Held, count: u64) {
        let hint = Hint::new(Key::new("a").unwrap(), Change::Recorded, Producer::Scan);
        for _ in 0..count {
            assert_eq!(held.hold(Finding::Gone, hint.clone()), None);
        }
    }

    #[test]
    fn one_per_cent_or_a_thousand_pass_and_one_more_stops() {
        for (seen, count, passes) in [
            (1000, 1000, true),
            (1000, 1001, false),
            (200_000, 2000, true),
            (200_000, 2001, false),
        ] {
            let mut held = Held::new(Brake::default());
            gone(&mut held, count);
            assert_eq!(
                matches!(held.verdict(seen), Verdict::Release(_)),
                passes,
                "{count} of {seen}"
            );
        }
    }

    #[test]
    fn what_is_allowed_and_what_was_decided_before_is_not_held() {
        let hint = Hint::new(Key::new("a").unwrap(), Change::Uploaded, Producer::Scan);
        let mut held = Held::new(Brake::default().allowing_creations());
        assert!(held.hold(Finding::Missing, hint.clone()).is_some());
        assert!(held.hold(Finding::Pending, hint.clone()).is_some());
        assert!(held.hold(Finding::Unmatched, hint).is_none());
    }
}
