//! What lies in the stores of an idle fleet, compared with what was uploaded.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use futures::TryStreamExt as _;
use minilab_store::{Key, Store, StoreExt as _};
use serde_json::Value;

use crate::{
    ledger::{Ledger, Upload},
    pictures::{FileName, Pictures, digest},
};

pub const URL: &str = "https://cdn.example.com/";
const BYTES_MAX: usize = 16 << 20;

/// How often the stores are not what they should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Something else than what was uploaded, or files that are not what they are said to be.
    pub wrong: u64,
    /// An older upload, or one that was deleted.
    pub stale: u64,
    /// Not there, or not all.
    pub missing: u64,
    /// There, and named by nobody.
    pub orphaned: u64,
    /// Files of two uploads in one manifest.
    pub mixed: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            wrong,
            stale,
            missing,
            orphaned,
            mixed,
        } = self;
        write!(
            f,
            "wrong {wrong} stale {stale} missing {missing} orphaned {orphaned} mixed {mixed}"
        )
    }
}

/// What was found, with a sentence for each thing that is not as it should be.
#[derive(Debug, Default)]
pub struct Comparison {
    pub counts: Counts,
    pub complaints: Vec<String>,
}

/// Compares the files, manifests and aliases of every key that was ever used.
pub async fn compare(output: &dyn Store, ledger: &Ledger, pictures: &Pictures) -> Comparison {
    let mut comparison = Comparison::default();
    let mut there: BTreeSet<String> = output
        .list_all("")
        .map_ok(|listed| String::from(listed.key))
        .try_collect()
        .await
        .unwrap();
    for (key, upload) in ledger.now() {
        let name = format!("{key}/manifest.json");
        let manifest = there.remove(&name).then_some(name);
        let manifest = match manifest {
            Some(name) => Some(json(&read(output, &name).await.expect("it is listed"))),
            None => None,
        };
        match (upload, manifest) {
            (None, None) => {}
            (None, Some(manifest)) => {
                if manifest["status"] != "deleted" {
                    comparison.stale(format!("{key} was deleted, its manifest says {manifest}"));
                }
                if named(&manifest).next().is_some() {
                    comparison.stale(format!("{key} was deleted, its manifest names files: {manifest}"));
                }
            }
            (Some(upload), None) => comparison.missing(format!("{key} has no manifest of {upload:?}")),
            (Some(upload), Some(manifest)) => {
                comparison.shown(&key, &upload, &manifest, ledger, pictures);
                comparison.stored(output, &manifest, &mut there).await;
            }
        }
    }
    for orphan in there {
        comparison.counts.orphaned += 1;
        comparison.complaints.push(format!("nobody names {orphan}"));
    }
    comparison
}

impl Comparison {
    fn wrong(&mut self, complaint: String) {
        self.counts.wrong += 1;
        self.complaints.push(complaint);
    }

    fn stale(&mut self, complaint: String) {
        self.counts.stale += 1;
        self.complaints.push(complaint);
    }

    fn missing(&mut self, complaint: String) {
        self.counts.missing += 1;
        self.complaints.push(complaint);
    }

    /// Does the manifest tell of the upload, and of all its files?
    fn shown(&mut self, key: &str, upload: &Upload, manifest: &Value, ledger: &Ledger, pictures: &Pictures) {
        let Some(sha256) = manifest["original"]["sha256"].as_str() else {
            return self.stale(format!("{key} shows nothing of {upload:?}: {manifest}"));
        };
        match ledger.of(key, sha256) {
            Some(shown) if shown == *upload => {}
            Some(shown) => return self.stale(format!("{key} shows {shown:?}, not {upload:?}")),
            None => return self.wrong(format!("{key} shows what was never uploaded: {manifest}")),
        }
        if manifest["status"] != "complete" || manifest["pending"] != serde_json::json!([]) {
            self.missing(format!("{key} is not complete: {manifest}"));
        }
        let wanted = pictures.files(upload.picture);
        let shown = files(manifest);
        for (name, digest) in wanted {
            match shown.get(name) {
                None => self.missing(format!("{key} shows no {name:?}")),
                Some(shown) if shown == digest => {}
                Some(_) => {
                    self.counts.mixed += 1;
                    self.complaints
                        .push(format!("{key} shows {name:?} of another picture"));
                }
            }
        }
        if shown.len() != wanted.len() {
            self.wrong(format!("{key} shows {} files, not {}", shown.len(), wanted.len()));
        }
    }

    /// Is what the manifest names there, byte for byte? Takes it out of what is there.
    async fn stored(&mut self, output: &dyn Store, manifest: &Value, there: &mut BTreeSet<String>) {
        for (file, sha256) in named(manifest) {
            there.remove(&file);
            match read(output, &file).await {
                None => self.missing(format!("{file} is named and not there")),
                Some(bytes) if digest(&bytes) == sha256 => {}
                Some(_) => self.wrong(format!("{file} has not the digest {sha256}")),
            }
        }
    }
}

/// Digests of the files that a manifest shows.
pub fn files(manifest: &Value) -> BTreeMap<FileName, String> {
    let derivatives = manifest["derivatives"].as_object().into_iter().flatten();
    derivatives
        .flat_map(|(derivative, made)| {
            let files = made["files"].as_array().into_iter().flatten();
            files.map(move |file| {
                let name = (
                    derivative.clone(),
                    file["width"].as_u64().unwrap(),
                    file["format"].as_str().unwrap().to_owned(),
                );
                (name, file["sha256"].as_str().unwrap().to_owned())
            })
        })
        .collect()
}

/// Keys that a manifest names, stable ones too, and their digests.
pub fn named(manifest: &Value) -> impl Iterator<Item = (String, String)> {
    let derivatives = manifest["derivatives"].as_object().into_iter().flatten();
    derivatives
        .flat_map(|(_, made)| made["files"].as_array().into_iter().flatten())
        .flat_map(|file| {
            let sha256 = file["sha256"].as_str().unwrap();
            [&file["url"], &file["stable_url"]]
                .into_iter()
                .filter_map(move |url| Some((decoded(url.as_str()?.strip_prefix(URL)?), sha256.to_owned())))
        })
}

/// The key behind a URL's path.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = after.get(..2).filter(|_| *first == b'%');
        let hex = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        bytes.push(hex.unwrap_or(*first));
        rest = if hex.is_some() { &after[2..] } else { after };
    }
    String::from_utf8(bytes).unwrap()
}

/// An object's bytes. `None`: there is none.
pub async fn read(store: &dyn Store, key: &str) -> Option<Vec<u8>> {
    match store.get_bytes(&Key::new(key).unwrap(), BYTES_MAX).await {
        Ok((_, bytes)) => Some(bytes.to_vec()),
        Err(error) if error.is_not_found() => None,
        Err(error) => panic!("{error:?}"),
    }
}

pub fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}
