//! Every file in the folders of a world that is idle, and why it is there. What has no reason fails the test.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use minilab_queue::{Queue as _, QueueName, Sqlite, SqliteConfig};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::world::World;

/// What an idle world holds.
#[derive(Debug, Default)]
pub struct Census {
    /// The manifest of each original that ever had a record, less what may differ: versions.
    pub manifests: BTreeMap<String, Value>,
    /// Files in their time of grace.
    pub retained: BTreeSet<String>,
    /// Files that no record names: put by an attempt that was killed, of an upload that was replaced before the next one.
    pub orphans: BTreeSet<String>,
    /// Attributes of objects that are not there.
    pub sidecars: usize,
    /// What start-ups that were killed left of their look at the state store; a start-up a minute later removes it.
    pub probes: usize,
}

impl Census {
    pub fn take(world: &World) -> Self {
        queue_is_empty(world);
        let mut census = Self::default();
        let out = world.path("out");
        let mut there = files(&out);
        assert!(!world.path("in/.minilab").exists(), "originals are only read");
        for name in [
            "lock",
            "queue.db",
            "queue.db.lock",
            "state/.minilab/lock",
            "state/config.d/revision.o",
            "state/passes.d/reconcile.o",
        ] {
            assert!(there.remove(&format!(".minilab/{name}")), "{name} is not there");
        }
        // An ended process may leave the end of its database beside it; SQLite takes it in at the next start.
        for name in ["queue.db-wal", "queue.db-shm"] {
            there.remove(&format!(".minilab/{name}"));
        }
        // A process that ends soon has not swept.
        there.remove(".minilab/state/passes.d/sweep.o");
        // What jobs take is written now and then.
        for name in ["costs.o", "sent.o"] {
            there.remove(&format!(".minilab/state/scaling.d/{name}"));
        }
        for record in take(&mut there, ".minilab/state/records.d/") {
            census.original(&out, &json(&out.join(record)), &mut there);
        }
        census.probes = take(&mut there, ".minilab/state/probe.d/").len();
        census.sidecars += orphaned(&out, &mut there, ".minilab/attributes/", str::to_owned);
        census.sidecars += orphaned(&out, &mut there, ".minilab/state/.minilab/attributes/", |key| {
            let (folder, name) = key.split_once('/').unwrap();
            format!(".minilab/state/{folder}.d/{name}.o")
        });
        census.orphans = there;
        let strays: Vec<_> = census.orphans.iter().filter(|name| !is_file_name(name)).collect();
        assert!(strays.is_empty(), "nobody knows {strays:#?}");
        census
    }

    /// Takes what belongs to an original, each name of which must be there.
    fn original(&mut self, out: &Path, record: &Value, there: &mut BTreeSet<String>) {
        let key = record["key"].as_str().unwrap();
        assert!(record["standing"].is_null(), "{record:#}");
        let name = format!("{key}/manifest.json");
        assert!(there.remove(&name), "{name} is not there");
        let manifest = json(&out.join(name));
        let mut live = BTreeSet::new();
        for lane in record["lanes"].as_object().unwrap().values() {
            assert_eq!(lane["status"], "done", "{record:#}");
            for file in lane["files"].as_array().unwrap() {
                let name = file["key"].as_str().unwrap();
                assert!(there.remove(name), "{name} is named and not there");
                assert_eq!(file["sha256"], digest(&out.join(name)), "{name}");
                live.insert(name.to_owned());
            }
        }
        for old in record["previous"].as_array().unwrap() {
            let name = old["key"].as_str().unwrap();
            assert!(there.remove(name), "{name} is kept and not there");
            self.retained.insert(name.to_owned());
        }
        for file in shown(&manifest) {
            let (url, stable) = (path(&file["url"]), path(&file["stable_url"]));
            assert!(live.remove(&url), "{url} is shown, but not what the record names");
            assert!(there.remove(&stable), "{stable} is not there");
            assert_eq!(file["sha256"], digest(&out.join(&url)), "{url}");
            assert_eq!(file["sha256"], digest(&out.join(&stable)), "{stable}");
        }
        assert!(live.is_empty(), "{live:?} are named, but not shown");
        self.manifests.insert(key.to_owned(), without_versions(manifest));
    }
}

/// No job, no dead letter, and a database that can be read: a copy, so that its lock is in nobody's way.
fn queue_is_empty(world: &World) {
    let (queue, copy) = (world.path("out/.minilab/queue.db"), world.path("queue-copy.db"));
    fs::copy(&queue, &copy).unwrap();
    let wal = queue.with_extension("db-wal");
    if wal.exists() {
        fs::copy(wal, copy.with_extension("db-wal")).unwrap();
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let queue = Sqlite::open(SqliteConfig::at(&copy)).await.unwrap();
        for name in ["fast", "standard", "bulk", "backfill", "dead"] {
            let depth = queue.depth(&QueueName::new(name).unwrap()).await.unwrap();
            assert_eq!(depth.known(), 0, "{name}: {depth:?}");
        }
        queue.close().await;
    });
    for file in fs::read_dir(world.path("")).unwrap() {
        let path = file.unwrap().path();
        if path
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("queue-copy")
        {
            fs::remove_file(path).unwrap();
        }
    }
}

/// Takes all sidecars below `prefix`; how many have no object of their key, size and time.
fn orphaned(
    out: &Path,
    there: &mut BTreeSet<String>,
    prefix: &str,
    object: impl Fn(&str) -> String,
) -> usize {
    let is_orphan = |sidecar: &String| {
        let key = json(&out.join(sidecar))["key"].as_str().unwrap().to_owned();
        let Ok(body) = fs::metadata(out.join(object(&key))) else {
            return true;
        };
        let modified_ns = body.mtime() * 1_000_000_000 + body.mtime_nsec();
        !sidecar.ends_with(&format!("-{:x}-{modified_ns:x}.json", body.size()))
    };
    take(there, prefix)
        .iter()
        .filter(|sidecar| is_orphan(sidecar))
        .count()
}

fn take(there: &mut BTreeSet<String>, prefix: &str) -> Vec<String> {
    let taken: Vec<_> = there
        .iter()
        .filter(|name| name.starts_with(prefix))
        .cloned()
        .collect();
    there.retain(|name| !name.starts_with(prefix));
    taken
}

/// All files below a folder, by their names in it.
fn files(root: &Path) -> BTreeSet<String> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![PathBuf::from(root)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found
}

/// `a.jpg/photo-80w.g1-0123456789.webp`
fn is_file_name(name: &str) -> bool {
    name.split('.').any(|token| {
        let token = token.strip_prefix('g').and_then(|token| token.split_once('-'));
        token.is_some_and(|(generation, digest)| generation.parse::<u32>().is_ok() && digest.len() == 10)
    })
}

fn shown(manifest: &Value) -> Vec<&Value> {
    let derivatives = manifest["derivatives"].as_object().unwrap();
    derivatives
        .values()
        .flat_map(|derivative| derivative["files"].as_array().unwrap())
        .collect()
}

/// Generations and times tell how it came to be; all else of two manifests of one upload is equal, digests too.
fn without_versions(mut manifest: Value) -> Value {
    for name in ["generation", "updated"] {
        manifest.as_object_mut().unwrap().remove(name);
    }
    if let Some(original) = manifest["original"].as_object_mut() {
        original.remove("version");
    }
    for derivative in manifest["derivatives"].as_object_mut().unwrap().values_mut() {
        derivative.as_object_mut().unwrap().remove("srcset");
        for file in derivative["files"].as_array_mut().unwrap() {
            file.as_object_mut().unwrap().remove("url");
        }
    }
    manifest
}

fn path(url: &Value) -> String {
    url.as_str().unwrap().trim_start_matches('/').to_owned()
}

fn json(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn digest(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    hex::encode(Sha256::digest(bytes))
}
