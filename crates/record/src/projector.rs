//! Writes what is published of a record: aliases and the manifest. Eventual: repeated until the record stands still.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use futures::TryStreamExt as _;
use minilab_failpoint::reached;
use minilab_recipe::{Recipe, is_alias_key};
use minilab_store::{Condition, Head, Key, ListRequest, PutOptions, Sha256, Store, StoreExt as _};

use crate::{
    Error, Record, Records,
    aliases::{Alias, aliases},
    project::manifest,
    urls::{PublicUrls, percent_encoded},
};

/// `Cache-Control` of files: their content never changes.
pub const FILE_CACHE_CONTROL: &str = "public, max-age=31536000, immutable";
/// `Cache-Control` of manifests: rewritten after each swap.
pub const MANIFEST_CACHE_CONTROL: &str = "public, max-age=60";
/// `Cache-Control` of aliases: a page may show the old picture once more while the new one is fetched.
pub const ALIAS_CACHE_CONTROL: &str = "public, max-age=300, stale-while-revalidate=86400";
/// Metadata by which everything that minilab stores next to originals is known, so that it never makes derivatives of
/// its own.
pub const DERIVATIVE_MARK: (&str, &str) = ("minilab", "derivative");
/// Metadata of an alias: name of the file it is a copy of, below the original's prefix and percent-encoded: metadata
/// travels in headers, which hold ASCII and 2 KB at most.
pub const ALIAS_OF: &str = "minilab-of";
/// Metadata of a manifest: generation of the record that it tells of.
const GENERATION: &str = "minilab-generation";

/// Beyond so many swaps in a row somebody else is busy with the record and will project it.
const PASSES_MAX: u32 = 5;
/// Copies under way; each holds one file in memory.
const COPIES_AT_ONCE: usize = 4;
/// Files are far smaller; the cap bounds memory against a store that lies.
const FILE_BYTES_MAX: usize = 64 << 20;

/// Of a record that was written once.
const FIRST_GENERATION: u64 = 1;

/// What was there before a manifest was written.
#[derive(Debug, PartialEq, Eq)]
enum Before {
    /// Nothing, and the record is new: nothing was ever published here, so no alias can be left.
    Nothing,
    /// An earlier manifest, or nobody looked.
    Unknown,
}

/// Writes projections into one output store.
#[derive(Debug, Clone)]
pub struct Projector {
    output: Arc<dyn Store>,
    records: Records,
    base_url: String,
}

impl Projector {
    /// Projections of `records` into `output`, which is read at `base_url`.
    pub fn new(output: Arc<dyn Store>, records: Records, base_url: impl Into<String>) -> Self {
        Self {
            output,
            records,
            base_url: base_url.into(),
        }
    }

    /// Key of an original's manifest.
    pub fn manifest_key(original: &str) -> String {
        format!("{original}/manifest.json")
    }

    /// Writes the projections of `record`, then reads the record again and repeats if it moved on.
    ///
    /// `recipe` is the one in force for the original; `None` removes all aliases.
    pub async fn write(&self, record: &Record, recipe: Option<&Recipe>) -> Result<(), Error> {
        let mut newest = record.clone();
        for _ in 0..PASSES_MAX {
            // A file may be gone if the record has moved on: only a record that stands still tells an error.
            let written = self.write_once(&newest, recipe).await;
            match self.records.load(&record.key).await?.record {
                // Our recipe is not the one it was made by: a worker of that configuration must have the last word.
                Some(now) if now.revision > record.revision => break,
                Some(now) if now.generation != newest.generation => newest = now,
                _ => return written,
            }
        }
        Err(Error::Contended {
            key: key(&record.key)?,
            tries: PASSES_MAX,
        })
    }

    /// New aliases before the manifest that may name them, old ones after the manifest that no longer does.
    async fn write_once(&self, record: &Record, recipe: Option<&Recipe>) -> Result<(), Error> {
        let aliases = recipe.map(|recipe| aliases(recipe, record)).unwrap_or_default();
        futures::stream::iter(aliases.iter().map(Ok))
            .try_for_each_concurrent(COPIES_AT_ONCE, |alias| self.write_alias(&record.key, alias))
            .await?;
        reached("step10_aliases_written");
        let before = self.write_manifest(record, recipe).await?;
        reached("step10_manifest_written");
        if before == Before::Nothing {
            return Ok(());
        }
        let wanted: BTreeSet<&str> = aliases.iter().map(|alias| alias.stable_key.as_str()).collect();
        self.remove_aliases(record, &wanted).await
    }

    /// Unless what is there tells of a later swap: neither a late write nor a slow worker takes a manifest back.
    async fn write_manifest(&self, record: &Record, recipe: Option<&Recipe>) -> Result<Before, Error> {
        let key = key(&Self::manifest_key(&record.key))?;
        let urls = PublicUrls {
            base: &self.base_url,
            recipe,
        };
        let body =
            serde_json::to_vec_pretty(&manifest(record, &urls)).expect("manifests have string keys only");
        let mut metadata = mark();
        metadata.insert(GENERATION.to_owned(), record.generation.to_string());
        let options = PutOptions {
            condition: Condition::Absent,
            content_type: Some("application/json".to_owned()),
            cache_control: Some(MANIFEST_CACHE_CONTROL.to_owned()),
            sha256: Some(Sha256::of(&body)),
            metadata,
            ..PutOptions::default()
        };
        let body = Bytes::from(body);
        // Most uploads are new: nothing is there, and asking first would cost each of them a request.
        if record.generation == FIRST_GENERATION {
            match self.output.put(&key, body.clone(), options.clone()).await {
                Ok(_) => return Ok(Before::Nothing),
                Err(minilab_store::Error::Precondition { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let is_later = |there: &Head| generation(there) > record.generation;
        self.put_over(key, body, options, is_later).await?;
        Ok(Before::Unknown)
    }

    /// Writes over what is there now, unless that may stay. A write that arrives late loses against every one after it.
    async fn put_over(
        &self,
        key: Key,
        body: Bytes,
        mut options: PutOptions,
        may_stay: impl Fn(&Head) -> bool,
    ) -> Result<(), Error> {
        for _ in 0..PASSES_MAX {
            let there = self.there(&key).await?;
            if there.as_ref().is_some_and(&may_stay) {
                return Ok(());
            }
            options.condition = there.map_or(Condition::Absent, |head| Condition::Match(head.etag));
            match self.output.put(&key, body.clone(), options.clone()).await {
                Err(minilab_store::Error::Precondition { .. }) => {}
                written => return Ok(written.map(drop)?),
            }
        }
        let tries = PASSES_MAX;
        Err(Error::Contended { key, tries })
    }

    async fn write_alias(&self, original: &str, alias: &Alias<'_>) -> Result<(), Error> {
        let stable = key(&alias.stable_key)?;
        let file = &alias.file.key;
        let of = percent_encoded(
            file.strip_prefix(original)
                .unwrap_or(file)
                .trim_start_matches('/'),
        );
        let is_current = |there: &Head| there.metadata.get(ALIAS_OF) == Some(&of);
        if self.there(&stable).await?.as_ref().is_some_and(is_current) {
            return Ok(());
        }
        let (_, body) = self.output.get_bytes(&key(file)?, FILE_BYTES_MAX).await?;
        let mut metadata = mark();
        metadata.insert(ALIAS_OF.to_owned(), of.clone());
        let options = PutOptions {
            content_type: Some(alias.file.encoding.format().media_type().to_owned()),
            cache_control: Some(ALIAS_CACHE_CONTROL.to_owned()),
            sha256: Some(alias.file.sha256),
            metadata,
            ..PutOptions::default()
        };
        self.put_over(stable, body, options, is_current).await
    }

    /// Only what reads as an alias *and* says that it is one: the prefix may hold anything. And only while the record
    /// stands still: the aliases of a later one are not ours.
    async fn remove_aliases(&self, record: &Record, wanted: &BTreeSet<&str>) -> Result<(), Error> {
        let original = &record.key;
        let mut request = ListRequest {
            prefix: format!("{original}/"),
            delimiter: Some('/'),
            ..ListRequest::default()
        };
        loop {
            let page = self.output.list(request.clone()).await?;
            let unwanted =
                |key: &&Key| is_alias_key(original, key.as_str()) && !wanted.contains(key.as_str());
            for key in page.objects.iter().map(|object| &object.key).filter(unwanted) {
                let there = self.there(key).await?;
                if !there.is_some_and(|there| there.metadata.contains_key(ALIAS_OF)) {
                    continue;
                }
                if !self.stands_still(record).await? {
                    return Ok(());
                }
                self.output.delete(key).await?;
            }
            match page.next {
                Some(next) => request.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn stands_still(&self, record: &Record) -> Result<bool, Error> {
        let now = self.records.load(&record.key).await?.record;
        Ok(now.is_some_and(|now| now.generation == record.generation))
    }

    async fn there(&self, key: &Key) -> Result<Option<Head>, Error> {
        match self.output.head(key).await {
            Ok(head) => Ok(Some(head)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Of the record that a manifest tells of; before any for one that does not say.
fn generation(head: &Head) -> u64 {
    let generation = head.metadata.get(GENERATION);
    generation
        .and_then(|generation| generation.parse().ok())
        .unwrap_or(0)
}

fn mark() -> BTreeMap<String, String> {
    BTreeMap::from([(DERIVATIVE_MARK.0.to_owned(), DERIVATIVE_MARK.1.to_owned())])
}

fn key(key: &str) -> Result<Key, Error> {
    Key::new(key).map_err(|cause| Error::KeyInvalid {
        key: key.to_owned(),
        cause,
    })
}

#[cfg(test)]
mod tests;
