//! Files that no record names: put by an attempt that was killed or lost its swap, or left by a sweep that ended between
//! swap and delete.
//!
//! What makes it safe to delete them is the record, not their age. A file can only be named by an attempt that adopts it, and
//! it adopts only under the generation that comes next for its lane. So every lane passes the generations of these files, by a
//! swap over a record that names none of them, and then they are deleted: whoever is under way on an earlier record, however
//! slow, loses its swap, and whoever comes later makes files of later generations. Where all lanes have passed already, the
//! record that was read says the same. The age is their time of grace, and spares attempts that run from being overtaken.
use std::time::SystemTime;

use futures::TryStreamExt as _;
use jiff::Timestamp;
use minilab_recipe::is_file_key;
use minilab_record::{Loaded, Record, Swap, named_keys, passed};
use minilab_store::{Key, ListRequest, Listed, StoreExt as _};
use tokio_util::sync::CancellationToken;

use super::{Sweep, SweepReport};
use crate::Error;

/// Files of one original that are looked at together; bounds memory where a folder holds very many.
const TOGETHER_MAX: usize = 1000;

/// Old files that lie side by side under one original's prefix.
#[derive(Debug, Default)]
struct Side {
    original: String,
    keys: Vec<Key>,
}

impl Sweep {
    /// Lists everything there is, and deletes what no record names.
    ///
    /// Not a merge with the listing of records: `a.jpg-b` comes between `a.jpg` and `a.jpg/`. Each record is read anyway, at
    /// the moment it decides. Files without any record stay: there is nothing to swap that would keep them from being named.
    /// Reconcile or the job that put them leads to a record, if only a tombstone.
    pub(super) async fn walk(
        &self,
        now: Timestamp,
        drain: &CancellationToken,
        report: &mut SweepReport,
    ) -> Result<(), Error> {
        let mut listed = self.outputs.list_all("");
        let mut side = Side::default();
        while let Some(found) = listed.try_next().await? {
            if drain.is_cancelled() {
                return Ok(());
            }
            let Some((original, _)) = found.key.as_str().rsplit_once('/') else {
                continue;
            };
            if !self.is_old_file(original, &found, now) {
                continue;
            }
            if original != side.original || side.keys.len() >= TOGETHER_MAX {
                let next = Side {
                    original: original.to_owned(),
                    keys: Vec::new(),
                };
                self.look(std::mem::replace(&mut side, next), now, report).await?;
            }
            side.keys.push(found.key);
        }
        self.look(side, now, report).await
    }

    async fn look(&self, side: Side, now: Timestamp, report: &mut SweepReport) -> Result<(), Error> {
        if side.keys.is_empty() {
            return Ok(());
        }
        let looked = self.discard(&side.original, side.keys, now, report).await;
        report.survive(&side.original, looked)
    }

    async fn discard(
        &self,
        original: &str,
        keys: Vec<Key>,
        now: Timestamp,
        report: &mut SweepReport,
    ) -> Result<(), Error> {
        let loaded = self.records.load(original).await?;
        match &loaded.record {
            Some(record) => self.clear(record, &loaded, keys, now, report).await,
            None => Ok(()),
        }
    }

    /// Deletes those of `keys` that the record does not name, after all lanes have passed their generations.
    pub(super) async fn clear(
        &self,
        record: &Record,
        loaded: &Loaded,
        keys: Vec<Key>,
        now: Timestamp,
        report: &mut SweepReport,
    ) -> Result<(), Error> {
        let named = named_keys(record);
        let unnamed = keys.into_iter().filter(|key| !named.contains(key.as_str()));
        let leftovers: Vec<(u64, Key)> = unnamed
            .filter_map(|key| Some((generation(key.as_str())?, key)))
            .collect();
        let Some(highest) = leftovers.iter().map(|(generation, _)| *generation).max() else {
            return Ok(());
        };
        if let Some(next) = passed(record, highest, now)
            && self.records.swap(loaded, &next).await? == Swap::Lost
        {
            report.moved_on += 1;
            return Ok(());
        }
        for (_, key) in &leftovers {
            self.outputs.delete(key).await?;
            report.leftovers += 1;
        }
        Ok(())
    }

    /// Old files directly under one original's prefix.
    pub(super) async fn old_files(&self, original: &str, now: Timestamp) -> Result<Vec<Key>, Error> {
        let (mut after, mut old) = (None, Vec::new());
        loop {
            let request = ListRequest {
                prefix: format!("{original}/"),
                delimiter: Some('/'),
                after,
                ..ListRequest::default()
            };
            let page = self.outputs.list(request).await?;
            let files = page.objects.into_iter();
            old.extend(
                files
                    .filter(|found| self.is_old_file(original, found, now))
                    .map(|found| found.key),
            );
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(old),
            }
        }
    }

    /// Does it lie where files of the original lie, and is its time of grace over, if no record ever named it?
    fn is_old_file(&self, original: &str, found: &Listed, now: Timestamp) -> bool {
        let oldest = SystemTime::from(now).checked_sub(self.config.retain);
        oldest.is_some_and(|oldest| found.modified <= oldest) && is_file_key(original, found.key.as_str())
    }
}

/// `7` of `photo-320w.g7-0123456789.webp`. `None` for a number that no lane ever reaches: such a file is nobody's.
fn generation(key: &str) -> Option<u64> {
    let name = key.rsplit('/').next()?;
    let number = name.split(['.', '_', '@']).find_map(|token| {
        let (generation, _) = token.strip_prefix('g')?.split_once('-')?;
        generation.parse::<u32>().ok()
    });
    number.map(u64::from)
}
