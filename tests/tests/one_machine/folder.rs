//! What lies in the folder of what was made: manifests, and the files that they name.
use std::{collections::BTreeMap, fs, path::PathBuf, time::SystemTime};

use serde_json::Value;

use crate::world::World;

/// A file of a manifest, by its two URLs as paths below the folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub derivative: String,
    pub versioned: String,
    pub stable: String,
}

pub fn manifest(world: &World, key: &str) -> Value {
    let path = world.path("out").join(key).join("manifest.json");
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap()
}

pub fn files(manifest: &Value) -> Vec<Named> {
    let path = |url: &Value| url.as_str().unwrap().trim_start_matches('/').to_owned();
    manifest["derivatives"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(derivative, made)| {
            made["files"].as_array().unwrap().iter().map(|file| Named {
                derivative: derivative.clone(),
                versioned: path(&file["url"]),
                stable: path(&file["stable_url"]),
            })
        })
        .collect()
}

/// The manifest is complete, each file that it names is there, and each alias is the file it stands for; its files.
pub fn whole(world: &World, key: &str) -> Vec<Named> {
    let manifest = manifest(world, key);
    assert_eq!(manifest["status"], "complete", "{key}: {manifest:#}");
    let files = files(&manifest);
    for file in &files {
        let read =
            |name: &str| fs::read(world.path("out").join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        let content = read(&file.versioned);
        assert!(!content.is_empty(), "{} is empty", file.versioned);
        assert!(
            content == read(&file.stable),
            "{} is not {}",
            file.stable,
            file.versioned
        );
    }
    files
}

/// As [`whole`], for a recipe without stable URLs: the manifest is complete and the files it names are there.
pub fn whole_versions(world: &World, key: &str) {
    let manifest = manifest(world, key);
    assert_eq!(manifest["status"], "complete", "{key}: {manifest:#}");
    let derivatives = manifest["derivatives"].as_object().unwrap().values();
    let files: Vec<_> = derivatives
        .flat_map(|made| made["files"].as_array().unwrap())
        .collect();
    assert!(!files.is_empty(), "{key}: {manifest:#}");
    for file in files {
        let path = world
            .path("out")
            .join(file["url"].as_str().unwrap().trim_start_matches('/'));
        let length = fs::metadata(&path)
            .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
            .len();
        assert_eq!(Some(length), file["bytes"].as_u64(), "{}", path.display());
    }
}

/// Every served file with the time of its last change: two equal ones mean that nothing was written between.
pub fn snapshot(world: &World) -> BTreeMap<PathBuf, SystemTime> {
    let mut found = BTreeMap::new();
    let mut folders = vec![world.path("out")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() == ".minilab" {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else {
                found.insert(entry.path(), entry.metadata().unwrap().modified().unwrap());
            }
        }
    }
    found
}

/// How many files of `derivative` are in `after` and not in `before`, versions only; and how many of any other.
pub fn new_versions(
    before: &BTreeMap<PathBuf, SystemTime>,
    after: &BTreeMap<PathBuf, SystemTime>,
    derivative: &str,
) -> (usize, usize) {
    let new = after
        .iter()
        .filter(|(path, time)| before.get(*path) != Some(time))
        .map(|(path, _)| path.file_name().unwrap().to_str().unwrap())
        .filter(|name| name.contains("w.g"));
    let (of_it, others): (Vec<_>, Vec<_>) = new.partition(|name| name.starts_with(derivative));
    (of_it.len(), others.len())
}
