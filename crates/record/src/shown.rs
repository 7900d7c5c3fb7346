//! Which set of files is shown of a record: that of its lanes, or the earlier one that still stands.
use crate::{FileEntry, Observation, Placeholder, Record};

/// Files of one upload, never of two.
#[derive(Debug)]
pub struct Shown<'a> {
    /// The upload; `None`: the original is gone.
    pub observation: Option<&'a Observation>,
    /// Its files, in the order of lanes.
    pub files: Vec<&'a FileEntry>,
    /// Its placeholder.
    pub placeholder: &'a Placeholder,
    /// Is it an earlier set than that of the lanes?
    pub stands: bool,
}

/// The set that manifests and aliases show.
pub fn shown(record: &Record) -> Shown<'_> {
    let stands = record.standing.as_ref();
    let files: Vec<&FileEntry> = match stands {
        Some(standing) => standing.lanes.values().flatten().collect(),
        None => record.lanes.values().flat_map(|state| &state.files).collect(),
    };
    Shown {
        observation: stands.map(|s| &s.observation).or(record.observation.as_ref()),
        files,
        placeholder: stands.map_or(&record.placeholder, |s| &s.placeholder),
        stands: stands.is_some(),
    }
}
