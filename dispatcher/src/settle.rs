//! When is a file in a folder whole? A state machine without clock, file or runtime.
//!
//! - A writer that closes the file, or a rename that brings it in, is believed at once: that is how a copy ends.
//! - A file that was only created or written (a hard link, a writer that keeps it open, a network file system that tells no
//!   more) counts once size and time of modification stayed the same for the quiet time. One that keeps growing waits.
//! - A removal counts at once.
//!
//! Every sign is followed by an event, at the latest when the file has been quiet.
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};

use minilab_store::Key;
use tokio::time::Instant;

use crate::Change;

/// What the system told of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// It was created, written or its attributes were changed; more may follow.
    Written,
    /// Whoever wrote it closed it, or it was moved here.
    Closed,
    /// It is no longer there.
    Removed,
}

/// What a look at a path showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measured {
    /// A file.
    File {
        /// Its length.
        size_bytes: u64,
        /// When it was last written.
        modified: SystemTime,
    },
    /// Nothing.
    Absent,
    /// No file: a folder, a link, a socket.
    Other,
}

/// A change that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which key.
    pub key: Key,
    /// Uploaded or removed.
    pub change: Change,
}

/// The files that are not settled.
#[derive(Debug)]
pub struct Settle {
    quiet: Duration,
    waiting: BTreeMap<Key, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    due: Instant,
    measured: Option<Measured>,
}

impl Settle {
    /// Nothing waits; files must be quiet for so long.
    pub fn new(quiet: Duration) -> Self {
        Self {
            quiet,
            waiting: BTreeMap::new(),
        }
    }

    /// Takes a sign; answers an event if the change is over with it.
    pub fn sign(&mut self, key: Key, sign: Sign, now: Instant) -> Option<Settled> {
        let change = match sign {
            Sign::Closed => Change::Uploaded,
            Sign::Removed => Change::Removed,
            Sign::Written => {
                let quiet = self.quiet;
                self.waiting
                    .entry(key)
                    .and_modify(|waiting| waiting.due = now + quiet)
                    // The first look is due at once: the next one is compared with it.
                    .or_insert(Waiting {
                        due: now,
                        measured: None,
                    });
                return None;
            }
        };
        self.waiting.remove(&key);
        Some(Settled { key, change })
    }

    /// When the next look is due.
    pub fn next_due(&self) -> Option<Instant> {
        self.waiting.values().map(|waiting| waiting.due).min()
    }

    /// The files that must be looked at now.
    pub fn due(&self, now: Instant) -> Vec<Key> {
        let due = self.waiting.iter().filter(|(_, waiting)| waiting.due <= now);
        due.map(|(key, _)| key.clone()).collect()
    }

    /// Takes what a look showed; answers an event if the change is over.
    pub fn looked(&mut self, key: &Key, shown: Measured, now: Instant) -> Option<Settled> {
        let waiting = self.waiting.get_mut(key)?;
        let change = match shown {
            Measured::File { .. } if waiting.measured != Some(shown) => {
                *waiting = Waiting {
                    due: now + self.quiet,
                    measured: Some(shown),
                };
                return None;
            }
            Measured::File { .. } => Change::Uploaded,
            Measured::Absent => Change::Removed,
            Measured::Other => {
                self.waiting.remove(key);
                return None;
            }
        };
        self.waiting.remove(key);
        Some(Settled {
            key: key.clone(),
            change,
        })
    }

    /// How many files wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Does no file wait?
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Forgets all that wait; for when the whole folder is listed anyway.
    pub fn clear(&mut self) {
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUIET: Duration = Duration::from_millis(500);

    fn key(name: &str) -> Key {
        Key::new(name).unwrap()
    }

    fn file(size_bytes: u64) -> Measured {
        Measured::File {
            size_bytes,
            modified: SystemTime::UNIX_EPOCH + Duration::from_secs(size_bytes),
        }
    }

    #[test]
    fn a_file_that_keeps_growing_waits() {
        let (start, a) = (Instant::now(), key("a"));
        let mut settle = Settle::new(QUIET);
        assert_eq!(settle.sign(a.clone(), Sign::Written, start), None);
        for step in 0..20_u32 {
            let now = start + QUIET * step;
            assert_eq!(settle.due(now), std::slice::from_ref(&a));
            assert_eq!(settle.looked(&a, file(u64::from(step)), now), None);
        }
        let now = start + QUIET * 20;
        let event = settle.looked(&a, file(19), now).unwrap();
        assert_eq!((event.key, event.change), (a, Change::Uploaded));
        assert!(settle.is_empty() && settle.next_due().is_none());
    }

    #[test]
    fn a_closed_file_and_a_removal_count_at_once_and_end_the_wait() {
        let (now, a) = (Instant::now(), key("a"));
        for (sign, change) in [(Sign::Closed, Change::Uploaded), (Sign::Removed, Change::Removed)] {
            let mut settle = Settle::new(QUIET);
            settle.sign(a.clone(), Sign::Written, now);
            assert_eq!(
                settle.sign(a.clone(), sign, now),
                Some(Settled {
                    key: a.clone(),
                    change
                })
            );
            assert!(settle.is_empty());
        }
    }

    #[test]
    fn a_file_that_vanished_without_a_sign_is_a_removal_and_a_folder_is_nothing() {
        let (now, a) = (Instant::now(), key("a"));
        let mut settle = Settle::new(QUIET);
        settle.sign(a.clone(), Sign::Written, now);
        assert_eq!(
            settle.looked(&a, Measured::Absent, now).unwrap().change,
            Change::Removed
        );
        settle.sign(a.clone(), Sign::Written, now);
        assert_eq!(settle.looked(&a, Measured::Other, now), None);
        assert!(settle.is_empty());
    }

    proptest! {
        /// A file is changed at random times, each change with a sign; looks are taken whenever they are due.
        #[test]
        fn every_change_is_followed_by_an_event_and_unclosed_ones_only_after_the_quiet_time(
            changes in prop::collection::vec((0_u64..2000, 0_u8..4), 1..30),
        ) {
            let (start, a) = (Instant::now(), key("a"));
            let mut settle = Settle::new(QUIET);
            let (mut now, mut content) = (start, Measured::Absent);
            let (mut changed, mut event): (Instant, Option<(Instant, Measured)>) = (start, None);
            for (number, (gap, what)) in changes.iter().enumerate() {
                let next = now + Duration::from_millis(*gap);
                run(&mut settle, &a, content, changed, next, &mut event)?;
                now = next;
                let sign = match what { 0 => Sign::Removed, 1 => Sign::Closed, _ => Sign::Written };
                content = if sign == Sign::Removed { Measured::Absent } else { file(number as u64 + 1) };
                changed = now;
                if settle.sign(a.clone(), sign, now).is_some() {
                    event = Some((now, content));
                }
            }
            run(&mut settle, &a, content, changed, now + QUIET * 3, &mut event)?;
            let (at, seen) = event.expect("there was a change");
            prop_assert!(at >= changed && seen == content && settle.is_empty());
        }
    }

    /// Takes all looks that are due before `until`.
    fn run(
        settle: &mut Settle,
        a: &Key,
        content: Measured,
        changed: Instant,
        until: Instant,
        event: &mut Option<(Instant, Measured)>,
    ) -> Result<(), TestCaseError> {
        while let Some(due) = settle.next_due().filter(|due| *due < until) {
            if let Some(settled) = settle.looked(a, content, due) {
                if settled.change == Change::Uploaded {
                    prop_assert!(
                        due >= changed + QUIET,
                        "an open file was taken before its quiet time"
                    );
                }
                *event = Some((due, content));
            }
        }
        Ok(())
    }
}
