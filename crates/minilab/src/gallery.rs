//! What was made, as a report shows it: one entry for each original that is there, read from its record and from the failure
//! records of what could not even be looked at.
use std::{collections::BTreeMap, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _};
use minilab_recipe::{Format, Lane, OutputFormat, Size};
use minilab_record::{FailureEntry, FailureRecord, Failures, FileEntry, LaneStatus, Record, Records};

/// One original and what was made of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Key of the original.
    pub key: String,
    /// How far it is.
    pub progress: Progress,
    /// Format and upright size, where the header could be read.
    pub header: Option<(Format, Size)>,
    /// Length of the original.
    pub bytes: u64,
    /// `#rrggbb`, shown while a picture loads; `None` also where it would show through transparency.
    pub dominant: Option<String>,
    /// Lanes in order, small before large.
    pub files: Vec<Made>,
    /// Why files are missing.
    pub failures: Vec<FailureEntry>,
}

/// How far an original is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Some lanes are still to be made.
    Pending,
    /// All files are there.
    Complete,
    /// Some files cannot be made.
    Partial,
    /// No file can be made.
    Failed,
}

impl Progress {
    /// As it is shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// One file.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    /// Which derivative it belongs to.
    pub derivative: String,
    /// Its key in the output store.
    pub key: String,
    /// Pixels.
    pub size: Size,
    /// Its format.
    pub format: OutputFormat,
    /// Its length.
    pub bytes: u64,
    /// Time spent on it.
    pub time: Duration,
    /// Which lane made it.
    pub lane: Lane,
}

impl Made {
    fn of(lane: Lane, file: &FileEntry) -> Self {
        Self {
            derivative: file.derivative.clone(),
            key: file.key.clone(),
            size: file.size,
            format: file.encoding.format(),
            bytes: file.bytes,
            time: Duration::from_micros(file.micros),
            lane,
        }
    }
}

impl Entry {
    /// The entry of a record; `None` for a tombstone.
    pub fn of(record: &Record) -> Option<Self> {
        let observation = record.observation.as_ref()?;
        let files = record
            .lanes
            .iter()
            .flat_map(|(lane, state)| state.files.iter().map(|file| Made::of(*lane, file)));
        let is_transparent = observation.probe.as_ref().is_some_and(|probe| probe.alpha);
        Some(Self {
            key: record.key.clone(),
            progress: progress(record),
            header: observation
                .probe
                .as_ref()
                .map(|probe| (probe.format, probe.upright())),
            bytes: observation.size_bytes,
            dominant: record.placeholder.dominant.clone().filter(|_| !is_transparent),
            files: files.collect(),
            failures: failures(record),
        })
    }

    /// The entry of an original that no record tells of: it could never be read.
    fn unread(key: String) -> Self {
        Self {
            key,
            progress: Progress::Failed,
            header: None,
            bytes: 0,
            dominant: None,
            files: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// A job that is given up, or fails again and again, leaves its lane pending in the record.
    fn fail(&mut self, failure: FailureRecord) {
        let failure = FailureEntry {
            derivative: None,
            class: failure.class,
            code: failure.code,
            sentence: failure.sentence,
        };
        if self.progress == Progress::Pending {
            self.progress = if self.files.is_empty() {
                Progress::Failed
            } else {
                Progress::Partial
            };
        }
        let is_told =
            |told: &FailureEntry| (&told.code, &told.sentence) == (&failure.code, &failure.sentence);
        if !self.failures.iter().any(is_told) {
            self.failures.push(failure);
        }
    }

    /// Names of the derivatives, in the order of their first files.
    pub fn derivatives(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for file in &self.files {
            if !names.contains(&file.derivative.as_str()) {
                names.push(&file.derivative);
            }
        }
        names
    }
}

/// An original that cannot be read fails in every lane for the same reason, which is told once.
fn failures(record: &Record) -> Vec<FailureEntry> {
    let mut failures: Vec<FailureEntry> = Vec::new();
    for failure in record.lanes.values().flat_map(|lane| &lane.failures) {
        if !failures.contains(failure) {
            failures.push(failure.clone());
        }
    }
    failures
}

fn progress(record: &Record) -> Progress {
    let lanes = || record.lanes.values().map(|lane| lane.status);
    if lanes().any(|status| status == LaneStatus::Pending) {
        Progress::Pending
    } else if lanes().all(|status| status == LaneStatus::Done) {
        Progress::Complete
    } else if lanes().all(|status| status == LaneStatus::Failed) {
        Progress::Failed
    } else {
        Progress::Partial
    }
}

/// Records read at one time: enough to hide a store's latency.
const LOADS: usize = 16;

/// The entries of the first `max` originals that are there, in the order of their keys.
pub async fn load(
    records: &Records,
    failures: &Failures,
    max: usize,
) -> Result<Vec<Entry>, minilab_record::Error> {
    let loads = records
        .list(None)
        .map_ok(|listed| async move { records.load(&listed.key).await });
    let entries: Vec<Entry> = loads
        .try_buffered(LOADS)
        .try_filter_map(|loaded| std::future::ready(Ok(loaded.record.as_ref().and_then(Entry::of))))
        .take(max)
        .try_collect()
        .await?;
    let is_cut = entries.len() == max;
    let mut entries: BTreeMap<String, Entry> = entries
        .into_iter()
        .map(|entry| (entry.key.clone(), entry))
        .collect();
    let mut failed = failures.list();
    while let Some(failure) = failed.try_next().await? {
        match entries.get_mut(&failure.key) {
            Some(entry) => entry.fail(failure),
            None if is_cut => {}
            None => entries
                .entry(failure.key.clone())
                .or_insert_with_key(|key| Entry::unread(key.clone()))
                .fail(failure),
        }
    }
    Ok(entries.into_values().collect())
}
