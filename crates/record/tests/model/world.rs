//! The state that is explored: stores, queue, workers, collector, and what an observer outside remembers.
use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::Arc,
};

use minilab_recipe::Lane;
use minilab_record::Record;

use crate::{collector::Collector, scenario::Scenario, worker::Worker};

/// One moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// Writes to the original so far.
    pub write: u8,
    /// The record, as the store holds it.
    pub record: Option<Version>,
    /// The record that manifest and aliases were last written from.
    pub projected: Option<Version>,
    /// Keys of the files that are stored.
    pub files: Arc<BTreeSet<String>>,
    /// Record writes whose senders have given up and which may still happen.
    pub late: Vec<Put>,
    /// Jobs that wait, in order: a queue promises none.
    pub jobs: Vec<Job>,
    /// Workers, in order: they are alike.
    pub workers: Vec<Worker>,
    pub collector: Collector,
    /// The configuration revision in force.
    pub revision: u64,
    /// Was the job queued by which the revision reaches what exists?
    pub reconciled: bool,
    /// Duplicates, crashes and passes that may still come.
    pub left: Left,
    /// The latest write and revision that anything published was based on.
    pub published: Proof,
    /// The first law that was broken by an event rather than by a state.
    pub broken: Option<Law>,
}

/// How often something may still happen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Left {
    pub duplicates: u8,
    pub crashes: u8,
    pub passes: u8,
}

/// A job for the only original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Job {
    pub lane: Lane,
    /// Workers with an older configuration hand it back.
    pub min_revision: u64,
    /// May a record write of it be under way still? Also what a redelivery by the broker makes of it.
    pub ambiguous: bool,
}

/// A record and its ETag, which is a digest of it, as in most object stores. Stands in states for the whole.
#[derive(Debug, Clone)]
pub struct Version {
    pub record: Arc<Record>,
    pub etag: u64,
}

/// A conditional write of the record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Put {
    /// The ETag it replaces; `None`: nothing.
    pub replaces: Option<u64>,
    pub next: Version,
    /// What its sender saw before; `None`: it publishes nothing.
    pub proof: Option<Proof>,
}

/// On what something that is published is based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Proof {
    /// Writes to the original when its sender looked at it.
    pub write: u8,
    /// Configuration revision of its sender.
    pub revision: u64,
}

/// A law of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Law {
    /// What is published never goes back.
    NoRegress,
    /// What is live is never deleted.
    NothingLiveIsDeleted,
    /// Generations rise with every swap, so that no ETag ever comes back.
    GenerationsRise,
}

impl World {
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            write: 0,
            record: None,
            projected: None,
            files: Arc::default(),
            late: Vec::new(),
            jobs: Vec::new(),
            workers: vec![Worker::new(1); scenario.workers],
            collector: Collector::Idle,
            revision: 1,
            reconciled: true,
            left: Left {
                duplicates: scenario.duplicates,
                crashes: scenario.crashes,
                passes: scenario.passes,
            },
            published: Proof::default(),
            broken: None,
        }
    }

    /// The store's conditional PUT of the record. `false`: something else is there.
    pub fn swap(&mut self, scenario: &Scenario, put: &Put) -> bool {
        if self.record.as_ref().map(|version| version.etag) != put.replaces {
            return false;
        }
        let next = &put.next.record;
        if self
            .record
            .as_ref()
            .is_some_and(|old| old.record.generation >= next.generation)
        {
            self.broken.get_or_insert(Law::GenerationsRise);
        }
        if let Some(proof) = put.proof {
            let is_back = proof.write < self.published.write || proof.revision < self.published.revision;
            // A record that tells of another upload than its sender saw could hide a step back.
            let told = next.observation.as_ref().map(|observation| &observation.etag);
            let seen = scenario.uploads.seen(proof.write);
            if is_back || told != seen.as_ref().map(|seen| &seen.etag) {
                self.broken.get_or_insert(Law::NoRegress);
            }
            self.published = proof;
        }
        self.record = Some(put.next.clone());
        // Generations rise, or `broken` says so: what replaces an older version can never happen again.
        let now = Some(put.next.etag);
        self.late.retain(|late| late.replaces == now);
        true
    }

    /// A write that nobody waits for any more.
    pub fn leave_behind(&mut self, put: Put) {
        if self.record.as_ref().map(|version| version.etag) == put.replaces {
            self.late.push(put);
        }
    }

    /// Writes the projections of `newest`, unless those of a later swap are there.
    pub fn project(&mut self, newest: &Version) {
        let later = |there: &Version| there.record.generation > newest.record.generation;
        if !self.projected.as_ref().is_some_and(later) {
            self.projected = Some(newest.clone());
        }
    }

    pub fn put_file(&mut self, key: &str) {
        if !self.files.contains(key) {
            Arc::make_mut(&mut self.files).insert(key.to_owned());
        }
    }

    pub fn delete_file(&mut self, key: &str) {
        let record = self.record.as_ref().map(|version| &version.record);
        if record.is_some_and(|record| record.wanted_files().any(|file| file.key == key)) {
            self.broken.get_or_insert(Law::NothingLiveIsDeleted);
        }
        Arc::make_mut(&mut self.files).remove(key);
    }

    /// States that differ only in an order that means nothing are one.
    pub fn in_order(mut self) -> Self {
        self.jobs.sort_unstable();
        self.workers.sort_by_cached_key(digest);
        self.late.sort_by_cached_key(digest);
        self
    }
}

impl Version {
    pub fn new(record: Record) -> Self {
        let text = serde_json::to_vec(&record).expect("records have string keys only");
        Self {
            record: Arc::new(record),
            etag: digest(&text),
        }
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.etag == other.etag
    }
}

impl Eq for Version {}

impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.etag.hash(state);
    }
}

fn digest<T: Hash>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
