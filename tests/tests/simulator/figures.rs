//! What the runs of a test came to, printed at its end.
use std::{collections::BTreeMap, fmt, time::Duration};

/// Sums over seeds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Figures {
    /// Runs.
    pub seeds: u64,
    /// Uploads, overwrites, deletions, events.
    pub operations: u64,
    /// Calls to stores and queue.
    pub calls: u64,
    /// Faults, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Processes that were killed.
    pub crashes: u64,
    /// Records swapped.
    pub swaps: u64,
    /// Time that passed in the runs.
    pub time: Duration,
}

impl Figures {
    /// Adds a run.
    pub fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.operations += other.operations;
        self.calls += other.calls;
        self.crashes += other.crashes;
        self.swaps += other.swaps;
        self.time += other.time;
        for (kind, count) in &other.faults {
            *self.faults.entry(kind).or_default() += count;
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let faults: u64 = self.faults.values().sum();
        writeln!(
            f,
            "{} seeds, {} operations, {} record swaps, {} calls, {} crashes, {faults} faults, {:.1} hours of virtual time",
            self.seeds,
            self.operations,
            self.swaps,
            self.calls,
            self.crashes,
            self.time.as_secs_f64() / 3600.0
        )?;
        let kinds: Vec<String> = self
            .faults
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        write!(f, "  faults: {}", kinds.join(", "))
    }
}
