//! What must hold of each change, as plain functions of what was and what is.
use std::collections::BTreeMap;
use std::sync::Arc;

use minilab_recipe::{Decision, Document, Lane};
use minilab_record::{FileEntry, Observation, Record};
use minilab_store::Memory;
use serde_json::Value;

use crate::ledger::body;

/// How far something published has come. It never goes back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Order {
    /// Of the record that it tells of.
    pub generation: u64,
    /// No upload before this one may be told of: uploads are numbered by the store's ETags.
    pub upload: u64,
    /// Was the original told to be gone? Then that upload may not be told of again either.
    pub is_gone: bool,
}

impl Order {
    /// After telling of this upload, or of none.
    fn then(self, generation: u64, upload: Option<u64>) -> Result<Self, String> {
        let first = self.upload + u64::from(self.is_gone);
        if upload.is_some_and(|upload| upload < first) {
            let gone = if self.is_gone { ", which was gone" } else { "" };
            return Err(format!(
                "upload {} after upload {}{gone}",
                upload.unwrap_or_default(),
                self.upload
            ));
        }
        Ok(Self {
            generation,
            upload: upload.unwrap_or(self.upload),
            is_gone: upload.is_none(),
        })
    }
}

/// The number of an upload.
fn upload(etag: &str) -> u64 {
    let number = etag.strip_prefix('m').and_then(|number| number.parse().ok());
    number.expect("the memory store numbers its versions")
}

/// What a swap may change.
pub fn of_swap(
    before: Option<&Record>,
    next: &Record,
    order: Order,
    documents: &BTreeMap<u64, Arc<Document>>,
) -> Result<Order, String> {
    let key = &next.key;
    let generation = before.map_or(0, |record| record.generation);
    if next.generation != generation + 1 {
        return Err(format!(
            "the record of {key} goes from generation {generation} to {}",
            next.generation
        ));
    }
    for lane in Lane::ALL {
        let (was, is) = (
            before.map_or(0, |record| lane_generation(record, lane)),
            lane_generation(next, lane),
        );
        if is < was {
            return Err(format!(
                "lane {lane} of {key} goes from generation {was} back to {is}"
            ));
        }
    }
    let revision = before.map_or(0, |record| record.revision);
    if next.revision < revision {
        return Err(format!(
            "the record of {key} goes from configuration {revision} back to {}",
            next.revision
        ));
    }
    of_configuration(before, next, documents)?;
    let seen = next.observation.as_ref().map(|seen| upload(&seen.etag.0));
    order
        .then(next.generation, seen)
        .map_err(|complaint| format!("the record of {key} tells of {complaint}"))
}

/// A lane is made by the newest recipe that its record knows of.
fn of_configuration(
    before: Option<&Record>,
    next: &Record,
    documents: &BTreeMap<u64, Arc<Document>>,
) -> Result<(), String> {
    let document = &documents[&next.revision];
    let Decision::Recipe { recipe, .. } = document.decide(&next.key) else {
        return Ok(());
    };
    for (lane, state) in &next.lanes {
        let was = before
            .and_then(|record| record.lanes.get(lane))
            .map(|state| &state.recipe_digest);
        let is = &state.recipe_digest;
        if !is.is_empty() && was != Some(is) && *is != recipe.lane_digest(*lane) {
            return Err(format!(
                "lane {lane} of {} is made by another recipe than that of configuration {}",
                next.key, next.revision
            ));
        }
    }
    Ok(())
}

fn lane_generation(record: &Record, lane: Lane) -> u64 {
    let state = record.lanes.get(&lane).map(|state| state.generation);
    state.or_else(|| record.retired.get(&lane).copied()).unwrap_or(0)
}

/// Files that are not of the upload they are told to be of.
pub fn mixes(record: &Record, output: &Memory) -> Vec<String> {
    let lanes = record.lanes.values().flat_map(|state| &state.files);
    let mut files: Vec<(Option<&Observation>, &FileEntry)> =
        lanes.map(|file| (record.observation.as_ref(), file)).collect();
    if let Some(standing) = &record.standing {
        let standing_files = standing.lanes.values().flatten();
        files.extend(standing_files.map(|file| (Some(&standing.observation), file)));
    }
    let wrong = files.into_iter().filter(|(seen, file)| {
        let sha256 = seen.and_then(|seen| seen.sha256).map(|sha256| sha256.to_string());
        !is_of(body(output, &file.key).as_deref(), sha256.as_deref())
    });
    wrong
        .map(|(_, file)| format!("{} is not of the upload that its record tells of", file.key))
        .collect()
}

/// The scripted renderer signs its files. One that is missing is another complaint.
fn is_of(file: Option<&[u8]>, sha256: Option<&str>) -> bool {
    let (Some(file), Some(sha256)) = (file, sha256) else {
        return file.is_none();
    };
    file.ends_with(sha256.as_bytes())
}

/// What a manifest may say after the one that was there.
pub fn of_manifest(
    manifest: &Value,
    before: Order,
    output: &Memory,
    is_over: impl Fn(&str) -> bool,
) -> Result<Order, String> {
    let generation = manifest["generation"]
        .as_u64()
        .expect("manifests have a generation");
    if generation < before.generation {
        return Err(format!(
            "goes from generation {} back to {generation}",
            before.generation
        ));
    }
    let sha256 = manifest["original"]["sha256"].as_str();
    for file in files(manifest) {
        let Some(stored) = body(output, file) else {
            if is_over(file) {
                continue;
            }
            return Err(format!("names {file}, which is not there"));
        };
        if !is_of(Some(&stored), sha256) {
            return Err(format!("mixes two uploads: {file} is not of {sha256:?}"));
        }
    }
    if generation == before.generation {
        return Ok(before);
    }
    let shown = manifest["original"]["version"].as_str().map(upload);
    before
        .then(generation, shown)
        .map_err(|complaint| format!("tells of {complaint}"))
}

/// Keys of the files that a manifest names.
fn files(manifest: &Value) -> impl Iterator<Item = &str> {
    let derivatives = manifest["derivatives"]
        .as_object()
        .into_iter()
        .flat_map(|all| all.values());
    derivatives
        .flat_map(|derivative| derivative["files"].as_array().into_iter().flatten())
        .map(|file| {
            let url = file["url"].as_str().expect("files have URLs");
            url.strip_prefix("https://cdn.example.com/")
                .expect("URLs begin as configured")
        })
}

/// A record in a line.
pub fn told(record: &Record) -> String {
    let seen = record
        .observation
        .as_ref()
        .map_or("gone", |seen| seen.etag.0.as_str());
    let lanes: Vec<String> = record
        .lanes
        .iter()
        .map(|(lane, state)| {
            format!(
                "{lane} {:?} g{} {} files",
                state.status,
                state.generation,
                state.files.len()
            )
        })
        .collect();
    format!(
        "{} g{} r{} {seen}: {}; {} previous{}",
        record.key,
        record.generation,
        record.revision,
        lanes.join(", "),
        record.previous.len(),
        if record.standing.is_some() {
            ", one stands"
        } else {
            ""
        }
    )
}
