//! The record of an original: what was seen of it, and per lane what was made of it. A pure value.
use std::collections::BTreeMap;

use jiff::Timestamp;
use minilab_recipe::{Analysis, Encoding, Findings, Lane, Note, OutputFormat, Probe, Score, Size};
use minilab_store::{ETag, Sha256};
use serde::{Deserialize, Serialize};

/// The truth about one original. Written only by compare-and-swap; see [`crate::Records`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of this form: 1.
    pub v: u32,
    /// Key of the original.
    pub key: String,
    /// Rises by one with every swap.
    pub generation: u64,
    /// Generation of the swap that first told of this version of the original, or of its absence: what comes back, and what is
    /// deleted again, is told apart by it. 0: that swap was of a release that did not keep it.
    #[serde(default)]
    pub since_generation: u64,
    /// Highest configuration revision that has swapped it.
    pub revision: u64,
    /// Name of the recipe in force at the last swap.
    pub recipe: String,
    /// What was last seen of the original; `None`: it is gone, and this is a tombstone.
    pub observation: Option<Observation>,
    /// What was made of it, per lane. A lane that the recipe does not use is absent, but its generation stays in `retired`.
    pub lanes: BTreeMap<Lane, LaneState>,
    /// Generations of lanes that are no longer there, so that they never restart.
    pub retired: BTreeMap<Lane, u64>,
    /// The complete set of an earlier upload that manifests show until all lanes of this one are done (`replace: atomic`).
    pub standing: Option<Standing>,
    /// Files no longer wanted, kept for their time of grace.
    pub previous: Vec<Previous>,
    /// Derived from the pixels once, by the first lane.
    pub placeholder: Placeholder,
    /// When it was last swapped.
    pub updated: Timestamp,
}

/// What was seen of an original.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The store's version.
    pub etag: ETag,
    /// Length in bytes.
    pub size_bytes: u64,
    /// The store's version id, if it keeps versions.
    pub version_id: Option<String>,
    /// Digest of the bytes; `None` only if they were never read (refused by size).
    pub sha256: Option<Sha256>,
    /// The object metadata that the recipe reads, by name.
    pub reads: BTreeMap<String, String>,
    /// The header; `None` if it could not be read.
    pub probe: Option<Probe>,
    /// What recipes have asked of its content so far: looked for once. Boxed: most originals have none.
    #[serde(default, skip_serializing_if = "Findings::is_empty")]
    pub findings: Box<Findings>,
    /// What a job has said of it; it holds for this version of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
}

/// What whoever sends jobs says of an original, beside its store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its focal point or rectangle, as the metadata of that name would hold it; empty: none.
    pub focal: String,
    /// When, in milliseconds since 1970: the latest word holds.
    pub at_ms: u64,
}

/// One lane of one original.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LaneState {
    /// Rises by one with every swap that changes this lane; part of its files' keys.
    pub generation: u64,
    /// Generation in which it got what it holds, of this version of the original; a fence keeps it. 0: as in the record.
    #[serde(default)]
    pub since_generation: u64,
    /// How far it is.
    pub status: LaneStatus,
    /// Digest of the lane's part of the recipe at the last final status.
    pub recipe_digest: String,
    /// Build of the engine at the last final status.
    pub engine: String,
    /// What there is.
    pub files: Vec<FileEntry>,
    /// Why files are missing (`partial`: some, `failed`: all).
    pub failures: Vec<FailureEntry>,
    /// What was made and not kept, as the recipe says: it is not made again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dropped: Vec<DroppedEntry>,
}

/// How far a lane is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneStatus {
    /// To be made.
    Pending,
    /// All files are there.
    Done,
    /// Some files cannot be made; the failures say why.
    Partial,
    /// No file can be made; the failures say why.
    Failed,
}

impl LaneStatus {
    /// Has the lane been decided?
    pub fn is_final(self) -> bool {
        self != Self::Pending
    }
}

/// One stored file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileEntry {
    /// Of which derivative.
    pub derivative: String,
    /// Its key in the output store.
    pub key: String,
    /// Pixels.
    pub size: Size,
    /// How it was encoded.
    pub encoding: Encoding,
    /// Length.
    pub bytes: u64,
    /// Digest of its bytes.
    pub sha256: Sha256,
    /// Identity of what it was made from and how.
    pub fingerprint: String,
    /// What a reader must know.
    pub notes: Vec<Note>,
    /// Build that made it.
    pub engine: String,
    /// Time spent on it, in microseconds.
    pub micros: u64,
    /// The quality that was found, where the recipe has it searched; else it is the encoding's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<u8>,
    /// How it looks beside what it was encoded from, where the recipe seeks that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
}

/// A file that came out larger than the next format's (`keep_smaller`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedEntry {
    /// Of which derivative.
    pub derivative: String,
    /// Pixels.
    pub size: Size,
    /// Its format.
    pub format: OutputFormat,
    /// How long it was.
    pub bytes: u64,
    /// The format whose file is smaller.
    pub than: OutputFormat,
    /// Identity of what it was made from and how, and of what it was compared with.
    pub fingerprint: String,
}

/// One thing that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureEntry {
    /// Which derivative; `None`: the original as a whole.
    pub derivative: Option<String>,
    /// `input`, `crash`, ...
    pub class: String,
    /// Stable code.
    pub code: String,
    /// For people.
    pub sentence: String,
}

/// A complete set that is still shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// The upload it was made from.
    pub observation: Observation,
    /// Its files, per lane.
    pub lanes: BTreeMap<Lane, Vec<FileEntry>>,
    /// Its placeholder.
    pub placeholder: Placeholder,
}

/// A file in its time of grace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Previous {
    /// Its key.
    pub key: String,
    /// When it was last wanted.
    pub since: Timestamp,
}

/// Derived from the pixels.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Placeholder {
    /// Base64.
    pub thumbhash: Option<String>,
    /// `#rrggbb`.
    pub dominant: Option<String>,
    /// BlurHash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blurhash: Option<String>,
    /// `#rrggbb` each, largest share first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub palette: Vec<String>,
    /// A data URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lqip: Option<String>,
    /// What the recipe asked when these were made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Analysis>,
}
