//! Watches every change at the far ends, whoever makes it, and notes what the contract forbids.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use minilab_queue::Clock as _;
use minilab_recipe::{Document, is_file_key};
use minilab_record::{Record, named_keys};
use minilab_store::{Head, Key, Memory, Store as _};

use crate::{
    invariants::{self, Order},
    process::at_once,
    sim::{Shelves, VirtualClock},
    trace::Trace,
};

/// What was seen so far.
pub struct Ledger {
    trace: Arc<Trace>,
    clock: Arc<VirtualClock>,
    shelves: Shelves,
    retain: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    documents: BTreeMap<u64, Arc<Document>>,
    uploads: BTreeMap<String, Vec<Head>>,
    records: BTreeMap<String, Record>,
    orders: BTreeMap<String, Order>,
    manifests: BTreeMap<String, Order>,
    /// Files in their time of grace: since when.
    since: BTreeMap<String, SystemTime>,
    deleted: BTreeSet<String>,
    swaps: u64,
    violations: Vec<String>,
}

impl Ledger {
    pub fn new(trace: &Arc<Trace>, clock: &Arc<VirtualClock>, shelves: &Shelves, retain: Duration) -> Self {
        Self {
            trace: Arc::clone(trace),
            clock: Arc::clone(clock),
            shelves: shelves.clone(),
            retain,
            state: Mutex::default(),
        }
    }

    /// A configuration is in force from now on.
    pub fn deployed(&self, revision: u64, document: &Arc<Document>) {
        self.state().documents.insert(revision, Arc::clone(document));
    }

    /// An original was written.
    pub fn uploaded(&self, key: &str, head: Head) {
        self.state().uploads.entry(key.to_owned()).or_default().push(head);
    }

    /// The upload before the last.
    pub fn upload_before(&self, key: &str) -> Option<Head> {
        let state = self.state();
        state.uploads.get(key)?.iter().rev().nth(1).cloned()
    }

    /// A job was made a dead letter.
    pub fn given_up(&self, key: &str, reason: &str) {
        let class = reason.split(':').next().unwrap_or_default();
        match class {
            "poison" | "exhausted" | "denied" => {}
            _ => self.violation(format!("{key} was given up for no such reason: {reason}")),
        }
    }

    /// The record as it was last written.
    pub fn record(&self, key: &str) -> Option<Record> {
        self.state().records.get(key).cloned()
    }

    /// Records swapped so far.
    pub fn swaps(&self) -> u64 {
        self.state().swaps
    }

    /// What must not be.
    pub fn violation(&self, what: String) {
        self.trace.note("VIOLATION", what.clone());
        self.state().violations.push(what);
    }

    /// The first thing that must not be, if there was any.
    pub fn verdict(&self) -> Result<(), String> {
        self.state().violations.first().cloned().map_or(Ok(()), Err)
    }

    /// An object in `state` was written.
    pub fn state_written(&self, key: &str, body: &Bytes) {
        let Some(original) = key.strip_prefix("records/") else {
            return;
        };
        let next: Record = serde_json::from_slice(body).expect("records are records");
        let mut state = self.state();
        state.swaps += 1;
        let found = invariants::of_swap(
            state.records.get(original),
            &next,
            state.orders.get(original).copied().unwrap_or_default(),
            &state.documents,
        );
        let mut complaints = match found {
            Ok(order) => {
                state.orders.insert(original.to_owned(), order);
                Vec::new()
            }
            Err(complaint) => vec![complaint],
        };
        complaints.extend(self.of_forgotten(&state, original, &next));
        complaints.extend(self.of_files(&next));
        let reused = named_keys(&next)
            .into_iter()
            .find(|key| state.deleted.contains(*key));
        complaints.extend(reused.map(|key| format!("{key} was deleted and is named again")));
        for old in &next.previous {
            state.since.insert(old.key.clone(), old.since.into());
        }
        let told = invariants::told(&next);
        state.records.insert(original.to_owned(), next);
        drop(state);
        self.trace.note("record", told);
        for complaint in complaints {
            self.violation(complaint);
        }
    }

    /// A name leaves a record only after its time of grace.
    fn of_forgotten(&self, state: &State, original: &str, next: &Record) -> Option<String> {
        let named = named_keys(next);
        let forgotten = named_keys(state.records.get(original)?)
            .into_iter()
            .find(|key| !named.contains(key) && !self.is_over(state, key))?;
        Some(format!(
            "the record forgets {forgotten} before its time of grace is over"
        ))
    }

    fn is_over(&self, state: &State, file: &str) -> bool {
        let since = state.since.get(file);
        since.is_some_and(|since| *since + self.retain <= self.clock.now())
    }

    /// Every name has its object, made of the upload that it stands for.
    fn of_files(&self, record: &Record) -> Vec<String> {
        let missing = named_keys(record)
            .into_iter()
            .filter(|key| body(&self.shelves.output, key).is_none())
            .map(|key| format!("the record of {} names {key}, which is not there", record.key));
        missing
            .chain(invariants::mixes(record, &self.shelves.output))
            .collect()
    }

    /// An object in the output was written.
    pub fn output_written(&self, key: &str, written: &Bytes) {
        let Some(original) = key.strip_suffix("/manifest.json") else {
            return;
        };
        let manifest: serde_json::Value = serde_json::from_slice(written).expect("manifests are JSON");
        let mut state = self.state();
        let before = state.manifests.get(original).copied().unwrap_or_default();
        let found = invariants::of_manifest(&manifest, before, &self.shelves.output, |file| {
            self.is_over(&state, file)
        });
        match found {
            Ok(order) => drop(state.manifests.insert(original.to_owned(), order)),
            Err(complaint) => {
                drop(state);
                self.violation(format!("{key}: {complaint}"));
            }
        }
    }

    /// An object in the output is about to be deleted.
    pub fn output_deleted(&self, key: &str) {
        let Some((original, _)) = key.rsplit_once('/') else {
            return;
        };
        if !is_file_key(original, key) {
            return;
        }
        let mut state = self.state();
        let record = state.records.get(original);
        let is_named = record.is_some_and(|record| named_keys(record).contains(key));
        let Ok(object) = Key::new(key).map(|key| at_once(self.shelves.output.head(&key))) else {
            return;
        };
        let is_leftover = !state.since.contains_key(key)
            && record.is_some()
            && object.is_ok_and(|head| head.modified + self.retain <= self.clock.now());
        let is_due = self.is_over(&state, key) || is_leftover || state.deleted.contains(key);
        state.deleted.insert(key.to_owned());
        drop(state);
        if is_named {
            self.violation(format!("{key} is deleted and still named"));
        } else if !is_due {
            self.violation(format!("{key} is deleted before its time of grace is over"));
        }
    }

    /// A look at everything: nothing that is named is missing.
    pub fn audit(&self) {
        let complaints: Vec<String> = self
            .state()
            .records
            .values()
            .flat_map(|r| self.of_files(r))
            .collect();
        for complaint in complaints {
            self.violation(complaint);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// What is stored, read past all weather.
pub fn body(store: &Memory, key: &str) -> Option<Bytes> {
    use minilab_store::StoreExt as _;
    let key = Key::new(key).expect("it names an object");
    at_once(store.get_bytes(&key, 1 << 20)).ok().map(|(_, body)| body)
}
