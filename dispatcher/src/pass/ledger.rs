//! What the fleet knows of one kind of pass: one object in `state`, changed by compare-and-swap alone.
//!
//! It keeps two dispatchers from doing the same work, a pass from starting over when its process dies, and an operator
//! informed. Nothing is safe because of it: two passes at once are harmless, for every finding is decided anew by the attempt.
use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use minilab_telemetry::PassMode;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::by_name;

/// What a kind of pass notes of its way: counts, where it is, what its brake holds.
pub trait Way: Serialize + DeserializeOwned + Clone + Default + PartialEq + Send + Sync + 'static {
    /// The key of its ledger in `state`.
    const OBJECT: &'static str;
    /// What the ledger is, for errors.
    const WHAT: &'static str;

    /// The counts alone, for the record of a pass that has ended.
    #[must_use]
    fn counts(self) -> Self;
}

/// The object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "W: Way")]
pub struct Ledger<W> {
    pub(super) v: u32,
    /// Who makes a pass now.
    pub holder: Option<Holder>,
    /// The pass that has begun and not ended.
    pub under_way: Option<UnderWay<W>>,
    /// The last pass of each mode that saw everything, braked ones included.
    #[serde(default)]
    pub ended: BTreeMap<String, LastPass<W>>,
    /// The pass that the brake stopped, until one of its kind is let through.
    pub braked: Option<Braked<W>>,
}

/// Whose turn it is. A holder that has not renewed for a while is taken for dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Host and process, for people; unique.
    pub name: String,
    /// When it last wrote, by its own clock. For people: others watch whether it changes.
    pub renewed: Timestamp,
}

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "W: Way")]
pub struct UnderWay<W> {
    /// Which pass.
    #[serde(with = "by_name")]
    pub mode: PassMode,
    /// The configuration revision it compares by.
    pub revision: u64,
    /// When it began.
    pub started: Timestamp,
    /// When this was noted.
    pub noted: Timestamp,
    /// How far it is.
    pub way: W,
}

/// A pass that saw everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "W: Way")]
pub struct LastPass<W> {
    /// The configuration revision it compared by.
    pub revision: u64,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Was all that it found done? Else the brake held it.
    pub complete: bool,
    /// Its counts.
    pub counts: W,
}

/// What the brake holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(bound = "W: Way")]
pub struct Braked<W> {
    /// Of which pass.
    #[serde(with = "by_name")]
    pub mode: PassMode,
    /// Since when.
    pub since: Timestamp,
    /// How many changes of one kind would have passed.
    pub limit: u64,
    /// The counts of the last pass that was stopped.
    pub counts: W,
}

/// How often passes are made, whoever makes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Periods {
    /// Pause between two passes.
    pub every: Duration,
    /// Pause between those that read everything.
    pub full_every: Duration,
}

impl<W> Default for Ledger<W> {
    fn default() -> Self {
        Self {
            v: 1,
            holder: None,
            under_way: None,
            ended: BTreeMap::new(),
            braked: None,
        }
    }
}

impl<W: Way> UnderWay<W> {
    /// At its beginning.
    pub(super) fn new(mode: PassMode, revision: u64, now: Timestamp) -> Self {
        Self {
            mode,
            revision,
            started: now,
            noted: now,
            way: W::default(),
        }
    }
}

impl<W: Way> Ledger<W> {
    /// The last pass that saw at least what one of this mode sees.
    pub fn last(&self, mode: PassMode) -> Option<&LastPass<W>> {
        let full = self.ended.get(name(PassMode::Full));
        match mode {
            PassMode::Full => full,
            PassMode::Incremental => self
                .ended
                .get(name(mode))
                .into_iter()
                .chain(full)
                .max_by_key(|last| last.ended),
        }
    }

    /// The next pass, and when it is due. What was interrupted is due now, and a new configuration makes a full one due.
    pub fn due(&self, periods: Periods, revision: u64, now: Timestamp) -> (PassMode, Timestamp) {
        if let Some(left) = self.left(periods, revision, now) {
            return (left.mode, now);
        }
        let after = |mode, pause: Duration| {
            let last = self.last(mode)?;
            // A clock that was ahead when the last one ended must not hold back the next for longer than its pause.
            let due = last.ended.min(now).checked_add(pause).ok()?;
            Some(if mode == PassMode::Full && last.revision < revision {
                now
            } else {
                due
            })
        };
        let full = after(PassMode::Full, periods.full_every).unwrap_or(now);
        let any = after(PassMode::Incremental, periods.every).unwrap_or(now);
        if full <= any.max(now) {
            (PassMode::Full, full)
        } else {
            (PassMode::Incremental, any)
        }
    }

    /// The pass that was interrupted, if going on with it is better than starting over: by the same rules, and lately.
    pub(super) fn left(&self, periods: Periods, revision: u64, now: Timestamp) -> Option<&UnderWay<W>> {
        let old = |left: &&UnderWay<W>| {
            let age = Duration::try_from(now.duration_since(left.noted)).unwrap_or_default();
            age <= periods.every.max(super::LEASE * 2)
        };
        self.under_way
            .as_ref()
            .filter(|left| left.revision == revision)
            .filter(old)
    }

    /// Does a process with a newer configuration make the passes? An older one would find changed what is right.
    pub fn is_newer(&self, revision: u64) -> bool {
        let revisions = self.ended.values().map(|last| last.revision);
        let under_way = self.under_way.iter().map(|pass| pass.revision);
        revisions.chain(under_way).any(|seen| seen > revision)
    }
}

pub(super) fn name(mode: PassMode) -> &'static str {
    use minilab_telemetry::Label as _;
    mode.as_str()
}
