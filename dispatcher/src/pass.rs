//! One pass: what it is asked, and what it tells at its end. Below, what the fleet knows of passes.
mod by_name;
mod ledger;
mod tenure;

use std::{collections::BTreeMap, time::Duration};

use minilab_store::Key;
use minilab_telemetry::{Finding, Label as _, PassMode, PassResult};
use serde::{Deserialize, Serialize};

pub(crate) use self::tenure::Turn;
pub use self::{
    ledger::{Braked, Holder, LastPass, Ledger, Periods, UnderWay, Way},
    tenure::{End, LEASE, LOOK_EVERY, Offer, RENEW_EVERY, Sharing, Tenure, Turns, Wanted},
};

use crate::{Brake, Names};

/// How a pass works.
#[derive(Debug, Clone, PartialEq)]
pub struct ReconcileConfig {
    /// Hints that are sent together, newest original first: a listing is in the order of keys, so what is newest is only known
    /// of what was found together.
    pub window: usize,
    /// A window waits while more jobs than this are queued: enough to keep every worker busy until the next look, few enough
    /// that live uploads are not behind an hour of old work.
    pub queued_max: u64,
    /// How often the depth of the queues is asked while a window waits.
    pub depth_every: Duration,
    /// Records read at once.
    pub reads_max: usize,
    /// Originals written more recently than this may be half-written: they are reported, not enqueued. Zero where objects
    /// are whole when they are there.
    pub quiet: Duration,
    /// Which keys are looked at.
    pub names: Names,
}

impl Default for ReconcileConfig {
    fn default() -> Self {
        Self {
            window: 1000,
            queued_max: 10_000,
            depth_every: Duration::from_secs(1),
            reads_max: 16,
            quiet: Duration::ZERO,
            names: Names::All,
        }
    }
}

/// One pass.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Which records are read: all, or only those older than their original or without one.
    pub mode: PassMode,
    /// Only keys that begin with this.
    pub prefix: String,
    /// How much it may change.
    pub brake: Brake,
}

/// How a pass ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// It saw everything and enqueued what it found.
    Complete,
    /// It saw everything and found too much: nothing that the brake holds was enqueued.
    Braked,
    /// It was told to stop; what it held was not enqueued.
    #[default]
    Stopped,
    /// Somebody else took it for dead and goes on with it.
    Overtaken,
}

impl Ended {
    /// As metrics show it.
    pub(crate) fn result(self) -> PassResult {
        match self {
            Self::Complete => PassResult::Complete,
            Self::Braked => PassResult::Braked,
            Self::Stopped | Self::Overtaken => PassResult::Stopped,
        }
    }
}

/// What a pass found and did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Report {
    /// How it ended.
    pub ended: Ended,
    /// Keys seen.
    pub seen: u64,
    /// Jobs sent.
    pub enqueued: u64,
    /// Keys by finding, those that there are.
    pub found: BTreeMap<String, u64>,
    /// Originals that may be half-written; whoever watches the folder waits for them.
    #[serde(skip)]
    pub unsettled: Vec<Key>,
}

impl Report {
    /// How many keys were found so.
    pub fn count(&self, finding: Finding) -> u64 {
        self.found.get(finding.as_str()).copied().unwrap_or_default()
    }

    pub(crate) fn note(&mut self, finding: Finding) {
        self.seen += 1;
        match self.found.get_mut(finding.as_str()) {
            Some(count) => *count += 1,
            None => {
                self.found.insert(finding.as_str().to_owned(), 1);
            }
        }
    }
}
