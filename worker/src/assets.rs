//! The pictures that recipes name, such as overlays and masks: fetched once, kept by version, and looked at again now and then.
use std::{
    collections::{BTreeMap, HashMap},
    fs::File,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use futures::TryStreamExt as _;
use minilab_queue::Clock;
use minilab_recipe::{ASSET_BYTES_MAX, Asset, AssetName, AssetState};
use minilab_store::{ETag, GetOptions, Key, Object, Sha256, Store};
use sha2::Digest as _;

use crate::{Error, pool::OriginalWriter};

/// For so long a version is used without another look: a changed logo takes effect within it, and a burst of uploads asks once.
const FRESH: Duration = Duration::from_secs(30);
/// What is kept altogether; what was used least lately goes first.
const KEPT_BYTES_MAX: u64 = 128 << 20;

/// An asset's bytes in a sealed memory file.
#[derive(Debug, Clone)]
pub struct AssetFile {
    /// SHA-256 (hex), by which plans name it.
    pub sha256: String,
    /// The memory file.
    pub file: Arc<File>,
    /// Its length.
    pub size_bytes: u64,
}

/// Where assets come from, and those that were fetched.
#[derive(Debug)]
pub struct Assets {
    stores: BTreeMap<String, Arc<dyn Store>>,
    clock: Arc<dyn Clock>,
    kept: Mutex<HashMap<AssetName, Kept>>,
    /// Whoever looks at one holds its gate, so that many jobs that begin together ask once.
    gates: Mutex<HashMap<AssetName, Arc<tokio::sync::Mutex<()>>>>,
}

/// One that was fetched.
#[derive(Debug, Clone)]
struct Kept {
    etag: ETag,
    file: AssetFile,
    looked: SystemTime,
    used: SystemTime,
}

impl Assets {
    /// From these stores, by the names that the document gives them.
    pub fn new(stores: BTreeMap<String, Arc<dyn Store>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            stores,
            clock,
            kept: Mutex::default(),
            gates: Mutex::default(),
        }
    }

    /// All stores, to see whether they answer.
    pub(crate) fn stores(&self) -> impl Iterator<Item = &Arc<dyn Store>> {
        self.stores.values()
    }

    /// What became of each, and the bytes of those that are there. A store that is away is an error unless what it gave
    /// before is still here; a picture that is absent or too large is not: files that need it fail.
    pub async fn look_up(&self, names: &[AssetName]) -> Result<(Vec<Asset>, Vec<AssetFile>), Error> {
        let (mut assets, mut files) = (Vec::new(), Vec::new());
        for name in names {
            let state = match self.one(name).await? {
                Ok(file) => {
                    let state = AssetState::Found {
                        sha256: file.sha256.clone(),
                        bytes: file.size_bytes,
                    };
                    files.push(file);
                    state
                }
                Err((code, sentence)) => AssetState::Absent {
                    code: code.to_owned(),
                    sentence,
                },
            };
            assets.push(Asset {
                name: name.clone(),
                state,
            });
        }
        Ok((assets, files))
    }

    async fn one(&self, name: &AssetName) -> Result<Result<AssetFile, (&'static str, String)>, Error> {
        let absent = |code, why: String| Ok(Err((code, format!("the picture {name} {why}"))));
        let Some(store) = self.stores.get(&name.store) else {
            return absent(
                "asset_store_unknown",
                "is in a store that there is not".to_owned(),
            );
        };
        let key = match Key::new(name.key.clone()) {
            Ok(key) => key,
            Err(invalid) => {
                return absent(
                    "asset_missing",
                    format!("has no key that a store takes: {invalid}"),
                );
            }
        };
        let gate = self.gate(name);
        let _passed = gate.lock().await;
        let now = self.clock.now();
        let kept = self.kept(name, now);
        if let Some(kept) = &kept
            && now.duration_since(kept.looked).is_ok_and(|age| age < FRESH)
        {
            return Ok(Ok(kept.file.clone()));
        }
        let error = match look(&**store, &key, kept.as_ref()).await {
            Ok(Looked::Same) => {
                let kept = kept.expect("it is the same as what was kept");
                return Ok(Ok(self.keep(name, Kept { looked: now, ..kept })));
            }
            Ok(Looked::TooLarge(bytes)) => {
                let why = format!("has {bytes} bytes; {ASSET_BYTES_MAX} are allowed");
                return absent("asset_too_large", why);
            }
            Ok(Looked::New(etag, file)) => {
                let (looked, used) = (now, now);
                return Ok(Ok(self.keep(
                    name,
                    Kept {
                        etag,
                        file,
                        looked,
                        used,
                    },
                )));
            }
            Err(Error::Asset(error)) if error.is_not_found() => {
                self.lock().remove(name);
                return absent("asset_missing", "is not there".to_owned());
            }
            Err(error) => error,
        };
        // What it gave last is better than no files at all.
        match kept {
            Some(kept) if matches!(error, Error::Asset(_)) => {
                let (_, sentence) = error.code_and_sentence();
                tracing::warn!(asset = %name, "an asset is used as it was when it was last seen: {sentence}");
                Ok(Ok(self.keep(name, Kept { looked: now, ..kept })))
            }
            _ => Err(error),
        }
    }

    fn gate(&self, name: &AssetName) -> Arc<tokio::sync::Mutex<()>> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(gates.entry(name.clone()).or_default())
    }

    fn kept(&self, name: &AssetName, now: SystemTime) -> Option<Kept> {
        let mut all = self.lock();
        let kept = all.get_mut(name)?;
        kept.used = now;
        Some(kept.clone())
    }

    fn keep(&self, name: &AssetName, kept: Kept) -> AssetFile {
        let file = kept.file.clone();
        let mut all = self.lock();
        all.insert(name.clone(), kept);
        while all.values().map(|kept| kept.file.size_bytes).sum::<u64>() > KEPT_BYTES_MAX {
            let others = all.iter().filter(|(other, _)| *other != name);
            let Some(oldest) = others
                .min_by_key(|(_, kept)| kept.used)
                .map(|(name, _)| name.clone())
            else {
                break;
            };
            all.remove(&oldest);
        }
        file
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<AssetName, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is there now.
enum Looked {
    /// What was there before.
    Same,
    New(ETag, AssetFile),
    TooLarge(u64),
}

async fn look(store: &dyn Store, key: &Key, kept: Option<&Kept>) -> Result<Looked, Error> {
    if let Some(kept) = kept {
        let head = store.head(key).await.map_err(Error::Asset)?;
        if head.etag == kept.etag {
            return Ok(Looked::Same);
        }
    }
    let object = store
        .get(key, GetOptions::default())
        .await
        .map_err(Error::Asset)?;
    let etag = object.head.etag.clone();
    Ok(match read(key, object).await? {
        Ok(file) => Looked::New(etag, file),
        Err(bytes) => Looked::TooLarge(bytes),
    })
}

/// The bytes, or how many there are at least if they are too many.
async fn read(key: &Key, mut object: Object) -> Result<Result<AssetFile, u64>, Error> {
    if object.head.size_bytes > ASSET_BYTES_MAX {
        return Ok(Err(object.head.size_bytes));
    }
    let memory = |cause| Error::Memory {
        key: key.to_string(),
        cause,
    };
    let mut writer = OriginalWriter::create().map_err(memory)?;
    let mut hash = sha2::Sha256::new();
    while let Some(chunk) = object.body.try_next().await.map_err(Error::Asset)? {
        let bytes = writer.size_bytes() + chunk.len() as u64;
        if bytes > ASSET_BYTES_MAX {
            return Ok(Err(bytes));
        }
        hash.update(&chunk);
        writer.write_all(&chunk).map_err(memory)?;
    }
    let sealed = writer.finish().map_err(memory)?;
    Ok(Ok(AssetFile {
        sha256: Sha256(hash.finalize().into()).to_string(),
        file: Arc::new(sealed.file),
        size_bytes: sealed.size_bytes,
    }))
}
