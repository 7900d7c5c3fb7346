//! One original: what of its files is over, and their deletion.
//!
//! Files that no record names were put by an attempt that was killed or lost its swap, or left by a sweep that ended between
//! swap and delete. What makes it safe to delete them is the record, not their age. A file can only be named by an attempt
//! that adopts it, and it adopts only under the generation that comes next for its lane. So every lane passes the generations
//! of these files, by a swap over a record that names none of them, and then they are deleted: whoever is under way on an
//! earlier record, however slow, loses its swap, and whoever comes later makes files of later generations. Where all lanes have
//! passed already, the record that was read says the same. The age is their time of grace, and spares attempts that run from
//! being overtaken. Files without any record stay: there is nothing to swap that would keep them from being named. Reconcile or
//! the job that put them leads to a record, if only a tombstone.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use minilab_recipe::is_file_key;
use minilab_record::{Loaded, Record, Swap, named_keys, passed, sweepable, swept};
use minilab_store::{Key, Listed};

use super::{Sweep, way::SweepReport};
use crate::Error;

/// Which files of an original are looked at.
#[derive(Debug)]
pub(super) enum Look {
    /// Those that its record has let go; under a tombstone, all.
    Dropped,
    /// Also those that no record ever named.
    All,
    /// Those that no record ever named, among these.
    Listed(Vec<Listed>),
}

/// What is over, by the record that was read.
#[derive(Debug)]
pub(super) struct Due {
    loaded: Loaded,
    /// What the record has let go, with sizes of those that are there.
    dropped: BTreeMap<String, u64>,
    /// What no record names, with its generation.
    unnamed: Vec<(u64, Listed)>,
}

impl Due {
    /// As if it were deleted.
    pub(super) fn count(&self, report: &mut SweepReport) {
        report.deleted += self.dropped.len() as u64;
        report.leftovers += self.unnamed.len() as u64;
        let unnamed = self.unnamed.iter().map(|(_, found)| found.size_bytes);
        report.bytes += self.dropped.values().copied().chain(unnamed).sum::<u64>();
    }
}

impl Sweep {
    /// Reads, and changes nothing.
    pub(super) async fn look(
        &self,
        original: &str,
        look: Look,
        now: Timestamp,
    ) -> Result<Option<Due>, Error> {
        let loaded = self.records.load(original).await?;
        let Some(record) = &loaded.record else {
            return Ok(None);
        };
        let keys = match look {
            Look::Dropped | Look::All => self.over(original, record, now),
            Look::Listed(_) => BTreeSet::new(),
        };
        let seeks_unnamed = match look {
            Look::Dropped => record.observation.is_none(),
            Look::All | Look::Listed(_) => true,
        };
        let files = match look {
            Look::Listed(files) => files,
            Look::Dropped | Look::All if keys.is_empty() && !seeks_unnamed => return Ok(None),
            Look::Dropped | Look::All => self.files_of(original).await?,
        };
        let sizes: BTreeMap<&str, u64> = files
            .iter()
            .map(|found| (found.key.as_str(), found.size_bytes))
            .collect();
        let dropped: BTreeMap<String, u64> = keys
            .into_iter()
            .map(|key| (sizes.get(key.as_str()).copied().unwrap_or_default(), key))
            .map(|(bytes, key)| (key, bytes))
            .collect();
        let named = named_keys(record);
        let unnamed: Vec<(u64, Listed)> = files
            .into_iter()
            .filter(|found| seeks_unnamed && !named.contains(found.key.as_str()))
            .filter(|found| self.is_old_file(original, found, now))
            .filter_map(|found| Some((generation(found.key.as_str())?, found)))
            .collect();
        if dropped.is_empty() && unnamed.is_empty() {
            return Ok(None);
        }
        Ok(Some(Due {
            loaded,
            dropped,
            unnamed,
        }))
    }

    /// Swaps, then deletes.
    pub(super) async fn delete(
        &self,
        due: Due,
        now: Timestamp,
        report: &mut SweepReport,
    ) -> Result<(), Error> {
        let Due {
            mut loaded,
            dropped,
            unnamed,
        } = due;
        if let (false, Some(record)) = (dropped.is_empty(), &loaded.record) {
            let keys: BTreeSet<String> = dropped.keys().cloned().collect();
            match self.records.swap(&loaded, &swept(record, &keys, now)).await? {
                Swap::Swapped(next) => loaded = next,
                Swap::Lost => {
                    report.moved_on += 1;
                    return Ok(());
                }
            }
            for (key, bytes) in dropped {
                let key =
                    Key::new(&*key).map_err(|cause| minilab_record::Error::KeyInvalid { key, cause })?;
                self.outputs.delete(&key).await?;
                report.deleted += 1;
                report.bytes += bytes;
            }
        }
        let Some(highest) = unnamed.iter().map(|(generation, _)| *generation).max() else {
            return Ok(());
        };
        if let Some(record) = &loaded.record
            && let Some(next) = passed(record, highest, now)
            && self.records.swap(&loaded, &next).await? == Swap::Lost
        {
            report.moved_on += 1;
            return Ok(());
        }
        for (_, found) in unnamed {
            self.outputs.delete(&found.key).await?;
            report.leftovers += 1;
            report.bytes += found.size_bytes;
        }
        Ok(())
    }

    /// Keys whose time is over, that lie where files lie, and that are not wanted again.
    fn over(&self, original: &str, record: &Record, now: Timestamp) -> BTreeSet<String> {
        let wanted: BTreeSet<&str> = record.wanted_files().map(|file| file.key.as_str()).collect();
        let over = sweepable(record, now, self.config.retain)
            .into_iter()
            .map(|previous| previous.key);
        over.filter(|key| is_file_key(original, key) && !wanted.contains(key.as_str()))
            .collect()
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
