//! Is one original what the contract says at rest?
use std::collections::{BTreeMap, BTreeSet};

use minilab_recipe::is_file_key;
use minilab_record::{LaneStatus, PublicUrls, Record, Wanted, aliases, manifest};
use minilab_store::{Key, ListRequest, Sha256, Store as _};
use minilab_worker::testing::ScriptedRenderer;

use crate::{
    crew::Deployment,
    documents::{self, recipe},
    ledger::body,
    process::at_once,
    sim::Sim,
};

/// Compares record, files, manifest and aliases with what `text` must become.
pub fn check(sim: &Sim, newest: &Deployment, key: &str, text: Option<&str>) -> Result<(), String> {
    let record = sim.ledger.record(key);
    match (text, record) {
        (None, None) => match body(&sim.shelves.output, &format!("{key}/manifest.json")) {
            None => Ok(()),
            Some(_) => Err("there is a manifest without a record".to_owned()),
        },
        (None, Some(record)) if record.observation.is_some() => Err("there is no tombstone".to_owned()),
        (None, Some(record)) => published(sim, newest, &record),
        (Some(_), None) => Err("there is no record".to_owned()),
        (Some(text), Some(record)) => {
            made(sim, newest, &record, text)?;
            published(sim, newest, &record)
        }
    }
}

/// Exactly the files of the newest recipe, from the newest bytes.
fn made(sim: &Sim, newest: &Deployment, record: &Record, text: &str) -> Result<(), String> {
    let recipe = recipe(&newest.document);
    let sha256 = Sha256::of(text.as_bytes());
    let head = at_once(sim.shelves.originals.head(&Key::new(&*record.key).unwrap())).unwrap();
    let seen = record.observation.as_ref().ok_or("it is a tombstone")?;
    if seen.etag != head.etag || seen.sha256 != Some(sha256) {
        return Err(format!("the record tells of {seen:?}, not of {}", head.etag));
    }
    if record.standing.is_some() {
        return Err("an earlier set still stands".to_owned());
    }
    let files = documents::files(recipe, &record.key, text);
    let status = if files.is_empty() {
        LaneStatus::Failed
    } else {
        LaneStatus::Done
    };
    let lanes: BTreeMap<_, _> = record
        .lanes
        .iter()
        .map(|(lane, state)| (*lane, (state.status, state.recipe_digest.clone())))
        .collect();
    let wanted: BTreeMap<_, _> = Wanted::by(recipe)
        .lanes
        .into_iter()
        .map(|(lane, digest)| (lane, (status, digest)))
        .collect();
    if lanes != wanted {
        return Err(format!("its lanes are {lanes:?}, not {wanted:?}"));
    }
    let expected: BTreeSet<_> = files
        .iter()
        .map(|file| {
            let fingerprint = recipe.fingerprint(file, &sha256.to_string(), &BTreeMap::new());
            (fingerprint, ScriptedRenderer::body(text.as_bytes(), file))
        })
        .collect();
    let named: Vec<_> = record.wanted_files().collect();
    let there: BTreeSet<_> = named
        .iter()
        .map(|file| {
            (
                file.fingerprint.clone(),
                body(&sim.shelves.output, &file.key).unwrap_or_default(),
            )
        })
        .collect();
    if named.len() == expected.len() && there == expected {
        Ok(())
    } else {
        Err(format!("its files are {there:?}, not {expected:?}"))
    }
}

/// Manifest and aliases tell of the record as it is.
fn published(sim: &Sim, newest: &Deployment, record: &Record) -> Result<(), String> {
    let recipe = recipe(&newest.document);
    let urls = PublicUrls {
        base: "https://cdn.example.com/",
        recipe: Some(recipe),
    };
    let expected = serde_json::to_value(manifest(record, &urls)).unwrap();
    let stored =
        body(&sim.shelves.output, &format!("{}/manifest.json", record.key)).ok_or("there is no manifest")?;
    let stored: serde_json::Value = serde_json::from_slice(&stored).unwrap();
    // A sweep swaps a record and changes nothing that is published.
    let told = |manifest: &serde_json::Value| {
        let mut manifest = manifest.clone();
        for passing in ["generation", "updated"] {
            manifest
                .as_object_mut()
                .expect("manifests are objects")
                .remove(passing);
        }
        manifest
    };
    if told(&stored) != told(&expected) {
        return Err(format!("its manifest says {stored}, not {expected}"));
    }
    for alias in aliases(recipe, record) {
        if body(&sim.shelves.output, &alias.stable_key) != body(&sim.shelves.output, &alias.file.key) {
            return Err(format!("{} is no copy of {}", alias.stable_key, alias.file.key));
        }
    }
    Ok(())
}

/// Keys of all files of an original that are stored, named or not.
pub fn files_of(sim: &Sim, key: &str) -> BTreeSet<String> {
    let request = ListRequest {
        prefix: format!("{key}/"),
        ..ListRequest::default()
    };
    let page = at_once(sim.shelves.output.list(request)).unwrap();
    let keys = page
        .objects
        .into_iter()
        .map(|listed| listed.key.as_str().to_owned());
    keys.filter(|file| is_file_key(key, file)).collect()
}
