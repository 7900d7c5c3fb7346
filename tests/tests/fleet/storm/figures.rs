//! What a storm was: how much was done, how much of it more than once, and what went wrong meanwhile.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::atomic::Ordering::Relaxed,
};

use serde_json::Value;

use super::{fleet::Fleet, operations::Done, trouble::Trouble};
use crate::reader::Seen;

/// Told at the end of a storm.
#[derive(Debug)]
pub struct Figures {
    operations: [u64; 3],
    events: [u64; 5],
    jobs: usize,
    attempts: usize,
    noops: usize,
    classes: BTreeMap<String, usize>,
    hits: BTreeMap<Trouble, u64>,
    seen: [u64; 2],
    aliases_late: u64,
}

impl Figures {
    /// Counts what the workers logged, killed ones too.
    pub fn of(fleet: &Fleet, done: &Done, hits: &BTreeMap<Trouble, u64>, seen: &Seen) -> Self {
        let mut jobs = BTreeSet::new();
        let mut classes: BTreeMap<String, usize> = BTreeMap::new();
        for (role, _) in &fleet.workers {
            for line in role.logged() {
                if let (Some(id), Some(class)) = (field(&line, "job.id"), field(&line, "class")) {
                    jobs.insert(id);
                    *classes.entry(class).or_default() += 1;
                }
            }
        }
        let counted = |counter: &std::sync::atomic::AtomicU64| counter.load(Relaxed);
        Self {
            operations: [&done.created, &done.overwritten, &done.deleted].map(counted),
            events: [
                &done.by_broker,
                &done.by_webhook,
                &done.duplicated,
                &done.delayed,
                &done.dropped,
            ]
            .map(counted),
            jobs: jobs.len(),
            attempts: classes.values().sum(),
            noops: classes.get("noop").copied().unwrap_or_default(),
            classes,
            hits: hits.clone(),
            seen: [seen.manifests, seen.files],
            aliases_late: seen.aliases_late,
        }
    }

    /// A storm in which something did not go wrong shows nothing of it.
    pub fn assert_everything_hit(&self, all: &[Trouble]) {
        let missed: Vec<_> = all
            .iter()
            .filter(|trouble| self.hits.get(*trouble).is_none_or(|hits| *hits == 0))
            .collect();
        assert!(missed.is_empty(), "never hit: {missed:?}");
        assert!(self.events.iter().all(|count| *count > 0), "{self}");
        assert!(self.seen.iter().all(|count| *count > 0), "{self}");
        assert!(self.jobs > 0, "{self}");
    }
}

/// Log lines keep their fields at the top or under `fields`.
fn field(line: &Value, name: &str) -> Option<String> {
    let value = line.get(name).or_else(|| line["fields"].get(name))?;
    value.as_str().map(str::to_owned)
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [created, overwritten, deleted] = self.operations;
        let [broker, webhook, duplicated, delayed, dropped] = self.events;
        writeln!(
            f,
            "operations: {created} created, {overwritten} overwritten, {deleted} deleted"
        )?;
        writeln!(
            f,
            "events: {broker} by the broker, {webhook} by webhook; {duplicated} duplicated, {delayed} delayed, {dropped} dropped"
        )?;
        writeln!(
            f,
            "jobs {} attempts {} no-ops {}; by class {:?}",
            self.jobs, self.attempts, self.noops, self.classes
        )?;
        writeln!(
            f,
            "a reader saw {} manifests and {} files, and {} aliases were late",
            self.seen[0], self.seen[1], self.aliases_late
        )?;
        write!(f, "faults that hit: {:?}", self.hits)
    }
}
