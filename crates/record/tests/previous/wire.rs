//! The forms of `state` as the release before reads them, frozen. A change here is a change of history: make a new folder of
//! samples instead.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Record {
    pub v: u32,
    pub key: String,
    pub generation: u64,
    pub revision: u64,
    pub recipe: String,
    pub observation: Option<Observation>,
    pub lanes: BTreeMap<Lane, LaneState>,
    pub retired: BTreeMap<Lane, u64>,
    pub standing: Option<Standing>,
    pub previous: Vec<Previous>,
    pub placeholder: Placeholder,
    pub updated: String,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    Fast,
    Standard,
    Bulk,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Observation {
    pub etag: String,
    pub size_bytes: u64,
    pub version_id: Option<String>,
    pub sha256: Option<String>,
    pub reads: BTreeMap<String, String>,
    pub probe: Option<Probe>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Probe {
    pub format: Format,
    pub stored: Size,
    pub orientation: u8,
    pub pages: u32,
    pub alpha: bool,
    pub bits: u8,
    pub pixels: Pixels,
    pub icc: bool,
    pub whole_image: bool,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    Jpeg,
    Png,
    Webp,
    Avif,
    Gif,
    Tiff,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pixels {
    Rgb,
    Grey,
    Cmyk,
    Other,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Size {
    pub width: u32,
    pub height: u32,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct LaneState {
    pub generation: u64,
    pub status: LaneStatus,
    pub recipe_digest: String,
    pub engine: String,
    pub files: Vec<FileEntry>,
    pub failures: Vec<FailureEntry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LaneStatus {
    Pending,
    Done,
    Partial,
    Failed,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FileEntry {
    pub derivative: String,
    pub key: String,
    pub size: Size,
    pub encoding: Encoding,
    pub bytes: u64,
    pub sha256: String,
    pub fingerprint: String,
    pub notes: Vec<Note>,
    pub engine: String,
    pub micros: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "lowercase")]
pub enum Encoding {
    Jpeg {
        quality: u8,
        effort: u8,
        progressive: bool,
        subsampling: Subsampling,
    },
    Webp {
        quality: u8,
        effort: u8,
        lossless: bool,
    },
    Avif {
        quality: u8,
        effort: u8,
        lossless: bool,
        subsampling: Subsampling,
    },
    Png {
        compression: u8,
        palette: bool,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Subsampling {
    Auto,
    On,
    Off,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Note {
    Flattened,
    FirstFrame,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FailureEntry {
    pub derivative: Option<String>,
    pub class: String,
    pub code: String,
    pub sentence: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Standing {
    pub observation: Observation,
    pub lanes: BTreeMap<Lane, Vec<FileEntry>>,
    pub placeholder: Placeholder,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Previous {
    pub key: String,
    pub since: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Placeholder {
    pub thumbhash: Option<String>,
    pub dominant: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FailureRecord {
    pub v: u32,
    pub key: String,
    pub lane: Lane,
    pub class: String,
    pub code: String,
    pub sentence: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    pub attempts: u32,
    #[serde(default)]
    pub crashes: u32,
    #[serde(default)]
    pub redrives: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    pub engine: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spent_ms: BTreeMap<String, u64>,
    pub first_seen: String,
    pub at: String,
}
