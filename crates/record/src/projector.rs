//! Writes what is published of a record: aliases and the manifest. Eventual: repeated until the record stands still.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

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
        self.write_manifest(record, recipe).await?;
        reached("step10_manifest_written");
        let wanted: BTreeSet<&str> = aliases.iter().map(|alias| alias.stable_key.as_str()).collect();
        self.remove_aliases(&record.key, &wanted).await
    }

    /// Only over what is there now, and only if that tells of no later swap: a write that arrives late, or that of a
    /// slower worker, never takes a manifest back.
    async fn write_manifest(&self, record: &Record, recipe: Option<&Recipe>) -> Result<(), Error> {
        let key = key(&Self::manifest_key(&record.key))?;
        let urls = PublicUrls {
            base: &self.base_url,
            recipe,
        };
        let body =
            serde_json::to_vec_pretty(&manifest(record, &urls)).expect("manifests have string keys only");
        let mut metadata = mark();
        metadata.insert(GENERATION.to_owned(), record.generation.to_string());
        let mut options = PutOptions {
            condition: Condition::None,
            content_type: Some("application/json".to_owned()),
            cache_control: Some(MANIFEST_CACHE_CONTROL.to_owned()),
            sha256: Some(Sha256::of(&body)),
            metadata,
        };
        for _ in 0..PASSES_MAX {
            let there = self.there(&key).await?;
            if there
                .as_ref()
                .is_some_and(|head| generation(head) > record.generation)
            {
                return Ok(());
            }
            options.condition = unchanged(there);
            match self.output.put(&key, body.clone().into(), options.clone()).await {
                Err(minilab_store::Error::Precondition { .. }) => {}
                written => return Ok(written.map(drop)?),
            }
        }
        Err(Error::Contended {
            key,
            tries: PASSES_MAX,
        })
    }

    async fn write_alias(&self, original: &str, alias: &Alias<'_>) -> Result<(), Error> {
        let stable = key(&alias.stable_key)?;
        let file = &alias.file.key;
        let of = percent_encoded(
            file.strip_prefix(original)
                .unwrap_or(file)
                .trim_start_matches('/'),
        );
        let there = self.there(&stable).await?;
        if there.as_ref().and_then(alias_of) == Some(&of) {
            return Ok(());
        }
        let (_, body) = self.output.get_bytes(&key(file)?, FILE_BYTES_MAX).await?;
        let mut metadata = mark();
        metadata.insert(ALIAS_OF.to_owned(), of);
        let options = PutOptions {
            condition: unchanged(there),
            content_type: Some(alias.file.encoding.format().media_type().to_owned()),
            cache_control: Some(ALIAS_CACHE_CONTROL.to_owned()),
            sha256: Some(alias.file.sha256),
            metadata,
        };
        match self.output.put(&stable, body, options).await {
            // Somebody else was faster, with this or another file; the record says at the end of the pass which it is.
            Err(minilab_store::Error::Precondition { .. }) => Err(Error::Contended { key: stable, tries: 1 }),
            written => Ok(written.map(drop)?),
        }
    }

    /// Only what reads as an alias *and* says that it is one: the prefix may hold anything.
    async fn remove_aliases(&self, original: &str, wanted: &BTreeSet<&str>) -> Result<(), Error> {
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
                if self.there(key).await?.as_ref().and_then(alias_of).is_some() {
                    self.output.delete(key).await?;
                }
            }
            match page.next {
                Some(next) => request.after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn there(&self, key: &Key) -> Result<Option<Head>, Error> {
        match self.output.head(key).await {
            Ok(head) => Ok(Some(head)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// The condition that nobody has written since.
fn unchanged(there: Option<Head>) -> Condition {
    there.map_or(Condition::Absent, |head| Condition::Match(head.etag))
}

fn alias_of(head: &Head) -> Option<&String> {
    head.metadata.get(ALIAS_OF)
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
