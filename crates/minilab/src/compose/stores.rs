//! Opening the stores of an installation.
use std::{collections::BTreeMap, path::Path, sync::Arc};

use anyhow::{Context as _, Result};
use minilab_recipe::{Location, S3};
use minilab_store::{Fs, Layout, Store};

use super::{Places, places::Named};
use crate::exit::{Exit, Refusal};

/// Where the probe of the state store writes for a moment; no record is ever there.
const PROBE: &str = "probe/";

/// The three stores, opened.
#[derive(Debug, Clone)]
pub struct Stores {
    /// Originals.
    pub from: Arc<dyn Store>,
    /// Files.
    pub to: Arc<dyn Store>,
    /// Records.
    pub state: Arc<dyn Store>,
}

impl Stores {
    /// Opens them; folders to write into are made. The state store must decide conditional writes.
    pub async fn open(places: &Places) -> Result<Self> {
        Ok(Self {
            from: originals(&places.from).await?,
            to: files(&places.to).await?,
            state: state(&places.state).await?,
        })
    }
}

/// The store of originals.
pub async fn originals(from: &Location) -> Result<Arc<dyn Store>> {
    match from {
        Location::Folder(path) => {
            must_exist(path)?;
            let store = Fs::open(path, Layout::Plain).context("the folder of originals cannot be opened")?;
            Ok(Arc::new(store))
        }
        Location::S3(bucket) => s3(bucket)
            .await
            .context("the bucket of originals cannot be opened"),
    }
}

/// The stores of pictures that recipes name.
pub async fn assets(places: &BTreeMap<String, Location>) -> Result<BTreeMap<String, Arc<dyn Store>>> {
    let mut opened: BTreeMap<String, Arc<dyn Store>> = BTreeMap::new();
    for (name, place) in places {
        let store = match place {
            Location::Folder(path) => {
                let store = Fs::open(path, Layout::Plain);
                store
                    .map(|store| Arc::new(store) as _)
                    .map_err(anyhow::Error::from)
            }
            Location::S3(bucket) => s3(bucket).await,
        };
        let store = store.with_context(|| format!("the store {name:?} of pictures cannot be opened"))?;
        opened.insert(name.clone(), store);
    }
    Ok(opened)
}

/// The store of files; a folder is made.
pub async fn files(to: &Location) -> Result<Arc<dyn Store>> {
    match to {
        Location::Folder(path) => {
            let store = Fs::create(path, Layout::Plain).context("the folder for files cannot be opened")?;
            Ok(Arc::new(store))
        }
        Location::S3(bucket) => s3(bucket).await.context("the bucket for files cannot be opened"),
    }
}

/// The store of records; a folder is made. It must decide conditional writes.
pub async fn state(state: &Location) -> Result<Arc<dyn Store>> {
    let store = match state {
        Location::Folder(path) => folder_of_records(path)?,
        Location::S3(bucket) => s3(bucket)
            .await
            .context("the bucket for records cannot be opened")?,
    };
    minilab_store::probe_conditional_put(&*store, PROBE)
        .await
        .context("the state store cannot hold records")?;
    Ok(store)
}

/// The store of files of an installation that has run before.
pub async fn files_made_before(to: &Location) -> Result<Arc<dyn Store>> {
    match to {
        Location::Folder(path) => {
            let store = Fs::open(path, Layout::Plain).context("the folder of files cannot be opened")?;
            Ok(Arc::new(store))
        }
        Location::S3(bucket) => s3(bucket).await.context("the bucket of files cannot be opened"),
    }
}

/// The records of an installation that has run before, and where its files are.
pub async fn state_made_before(state: &Location, to: &Location) -> Result<Arc<dyn Store>> {
    let path = match state {
        Location::Folder(path) => path,
        Location::S3(bucket) => {
            return s3(bucket)
                .await
                .context("the bucket for records cannot be opened");
        }
    };
    if !path.is_dir() {
        let to = Named(to);
        let sentence = format!("{to} holds nothing that minilab made");
        let fix = format!("run `minilab standalone PHOTOS_DIR {to}` first, or name the folder it wrote to");
        return Err(Refusal::new(Exit::NotFound, sentence, fix).into());
    }
    folder_of_records(path)
}

fn folder_of_records(path: &Path) -> Result<Arc<dyn Store>> {
    let state = Fs::create(path, Layout::Marked).context("the folder for records cannot be opened")?;
    Ok(Arc::new(state))
}

fn must_exist(from: &Path) -> Result<()> {
    if from.is_dir() {
        return Ok(());
    }
    let sentence = format!("the folder of originals {} is not there", from.display());
    Err(Refusal::new(
        Exit::NotFound,
        sentence,
        format!("create it: mkdir -p {}", from.display()),
    )
    .into())
}

#[cfg(feature = "s3")]
async fn s3(bucket: &S3) -> Result<Arc<dyn Store>> {
    let store = minilab_store::S3::open(config_of(bucket)).await?;
    Ok(Arc::new(store))
}

/// The bucket as the adapter wants it told.
#[cfg(feature = "s3")]
pub(super) fn config_of(bucket: &S3) -> minilab_store::S3Config {
    let bucket = bucket.clone();
    minilab_store::S3Config {
        bucket: bucket.bucket,
        prefix: bucket.prefix,
        region: bucket.region,
        endpoint: bucket.endpoint,
        path_style: bucket.path_style,
        kms_key: bucket.kms_key,
        expected_owner: bucket.expected_owner,
        storage_class: bucket.storage_class,
    }
}

#[cfg(not(feature = "s3"))]
async fn s3(bucket: &S3) -> Result<Arc<dyn Store>> {
    let sentence = format!(
        "the bucket {} cannot be used: this build has no S3",
        bucket.bucket
    );
    Err(Refusal::new(Exit::Config, sentence, "build it with the feature s3").into())
}
