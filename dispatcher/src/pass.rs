//! One pass of reconcile: what it is asked, and what it tells at its end.
use std::time::Duration;

use minilab_store::Key;
use minilab_telemetry::{Finding, Label as _, PassMode};

use crate::{Brake, Names};

/// How a pass works.
#[derive(Debug, Clone, PartialEq)]
pub struct ReconcileConfig {
    /// Hints per batch.
    pub batch: usize,
    /// A batch waits while more jobs than this are queued: enough to keep every worker busy until the next look, few enough
    /// that live uploads are not behind an hour of old work.
    pub queued_max: u64,
    /// How often the depth of the queues is asked while a batch waits.
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
            batch: 500,
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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It saw everything and enqueued what it found.
    Complete,
    /// It saw everything and found too much: nothing that the brake holds was enqueued.
    Braked,
    /// It was told to stop; what it held was not enqueued.
    Stopped,
}

/// What a pass found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub ended: Ended,
    /// Keys seen.
    pub seen: u64,
    /// Jobs sent.
    pub enqueued: u64,
    /// Keys by finding, in the order of [`Finding::ALL`](minilab_telemetry::Label::ALL).
    pub found: Vec<(Finding, u64)>,
    /// Originals that may be half-written; whoever watches the folder waits for them.
    pub unsettled: Vec<Key>,
}

impl Report {
    pub(crate) fn new() -> Self {
        Self {
            ended: Ended::Complete,
            seen: 0,
            enqueued: 0,
            found: Finding::ALL.iter().map(|finding| (*finding, 0)).collect(),
            unsettled: Vec::new(),
        }
    }

    /// How many keys were found so.
    pub fn count(&self, finding: Finding) -> u64 {
        self.found
            .iter()
            .find(|(found, _)| *found == finding)
            .map_or(0, |(_, count)| *count)
    }

    pub(crate) fn note(&mut self, finding: Finding) {
        self.seen += 1;
        if let Some((_, count)) = self.found.iter_mut().find(|(found, _)| *found == finding) {
            *count += 1;
        }
    }
}
