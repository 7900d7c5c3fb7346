//! A reader who polls manifests all the time, as pages do, and believes every word of them.
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use minilab_recipe::is_alias_key;
use minilab_store::{Key, Store};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    comparison::{self, files, named},
    ledger::Ledger,
    pictures::Pictures,
};

/// A reader takes his time, so that the machine has some for the fleet.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(200);

/// What a reader saw.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub manifests: u64,
    pub files: u64,
    /// Sentences about files of two uploads in one manifest.
    pub mixed: Vec<String>,
    /// ... about files that are named and not there.
    pub dangling: Vec<String>,
    /// Aliases that were not there at the moment: they follow the record, and nobody promises when.
    pub aliases_late: u64,
    /// Sentences about manifests that went back to an older upload.
    pub reverted: Vec<String>,
}

pub struct Reader {
    pub output: Arc<dyn Store>,
    pub ledger: Arc<Ledger>,
    pub pictures: Arc<Pictures>,
    pub seen: Arc<Mutex<Seen>>,
}

impl Reader {
    /// Reads until told to stop.
    pub async fn run(self, stop: CancellationToken) {
        let mut newest: BTreeMap<String, u64> = BTreeMap::new();
        while !stop.is_cancelled() {
            for key in self.ledger.now().into_keys() {
                if stop.is_cancelled() {
                    return;
                }
                self.look(&key, &mut newest).await;
            }
            tokio::time::sleep(BETWEEN_ROUNDS).await;
        }
    }

    async fn look(&self, key: &str, newest: &mut BTreeMap<String, u64>) {
        let Some(bytes) = comparison::read(&*self.output, &format!("{key}/manifest.json")).await else {
            return;
        };
        let manifest = comparison::json(&bytes);
        self.seen.lock().unwrap().manifests += 1;
        let Some(sha256) = manifest["original"]["sha256"].as_str() else {
            return;
        };
        let Some(upload) = self.ledger.of(key, sha256) else {
            let complaint = format!("{key} shows what was never uploaded: {manifest}");
            self.seen.lock().unwrap().mixed.push(complaint);
            return;
        };
        let before = newest.entry(key.to_owned()).or_default();
        if upload.number < *before {
            let complaint = format!("{key} shows upload {} after {before}", upload.number);
            self.seen.lock().unwrap().reverted.push(complaint);
        }
        *before = upload.number.max(*before);
        let wanted = self.pictures.files(upload.picture);
        for (name, digest) in files(&manifest) {
            if wanted.get(&name) != Some(&digest) {
                let complaint = format!("{key} shows {name:?} of another picture than {upload:?}");
                self.seen.lock().unwrap().mixed.push(complaint);
            }
        }
        self.follow(key, &manifest).await;
    }

    /// Looks whether the files are there. The time of grace is longer than any run, so there is no excuse.
    async fn follow(&self, key: &str, manifest: &Value) {
        for (file, _) in named(manifest) {
            let is_alias = is_alias_key(key, &file);
            match self.output.head(&Key::new(&*file).unwrap()).await {
                Ok(_) => self.seen.lock().unwrap().files += 1,
                Err(error) if error.is_not_found() && is_alias => self.seen.lock().unwrap().aliases_late += 1,
                Err(error) if error.is_not_found() => {
                    let complaint = format!("{key} names {file}, which is not there");
                    self.seen.lock().unwrap().dangling.push(complaint);
                }
                // The server of the tests under load; the next look tells.
                Err(_) => {}
            }
        }
    }
}
