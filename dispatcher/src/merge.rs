//! Two listings in byte order, walked side by side with one entry of each in memory.
use std::cmp::Ordering;

use futures::{Stream, StreamExt as _, stream::BoxStream};
use minilab_record::Listed as RecordListed;
use minilab_store::Listed;

use crate::Error;

/// What there is of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sides {
    /// An original without a record.
    Original(Listed),
    /// A record without an original.
    Record(RecordListed),
    /// Both.
    Both(Listed, RecordListed),
}

struct Merge<'a> {
    originals: Side<'a, Listed>,
    records: Side<'a, RecordListed>,
}

/// Walks both; ends after the first error. A listing that is not in order is an error, because a key it shows too late would
/// look deleted.
pub(crate) fn merge<'a>(
    originals: BoxStream<'a, Result<Listed, Error>>,
    records: BoxStream<'a, Result<RecordListed, Error>>,
) -> impl Stream<Item = Result<Sides, Error>> + Send + 'a {
    let merge = Merge {
        originals: Side::new("originals", originals, |listed| listed.key.as_str()),
        records: Side::new("records", records, |listed| &listed.key),
    };
    futures::stream::try_unfold(merge, |mut merge| async move {
        Ok(merge.next().await?.map(|sides| (sides, merge)))
    })
}

impl Merge<'_> {
    async fn next(&mut self) -> Result<Option<Sides>, Error> {
        self.originals.fill().await?;
        self.records.fill().await?;
        let order = match (self.originals.key(), self.records.key()) {
            (None, None) => return Ok(None),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(original), Some(record)) => original.cmp(record),
        };
        Ok(match order {
            Ordering::Less => self.originals.head.take().map(Sides::Original),
            Ordering::Greater => self.records.head.take().map(Sides::Record),
            Ordering::Equal => self
                .originals
                .head
                .take()
                .zip(self.records.head.take())
                .map(|(o, r)| Sides::Both(o, r)),
        })
    }
}

struct Side<'a, T> {
    name: &'static str,
    entries: BoxStream<'a, Result<T, Error>>,
    key_of: fn(&T) -> &str,
    head: Option<T>,
    last: Option<String>,
    ended: bool,
}

impl<'a, T> Side<'a, T> {
    fn new(name: &'static str, entries: BoxStream<'a, Result<T, Error>>, key_of: fn(&T) -> &str) -> Self {
        Self {
            name,
            entries,
            key_of,
            head: None,
            last: None,
            ended: false,
        }
    }

    fn key(&self) -> Option<&str> {
        self.head.as_ref().map(self.key_of)
    }

    async fn fill(&mut self) -> Result<(), Error> {
        if self.head.is_some() || self.ended {
            return Ok(());
        }
        let Some(entry) = self.entries.next().await.transpose()? else {
            self.ended = true;
            return Ok(());
        };
        let key = (self.key_of)(&entry).to_owned();
        if let Some(previous) = self.last.take().filter(|previous| *previous >= key) {
            return Err(Error::Misordered {
                listing: self.name,
                previous,
                key,
            });
        }
        self.last = Some(key);
        self.head = Some(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::SystemTime};

    use futures::TryStreamExt as _;
    use minilab_store::{ETag, Key};
    use proptest::prelude::*;

    use super::*;

    fn original(key: &str) -> Listed {
        let key = Key::new(key).unwrap();
        Listed {
            key,
            etag: ETag("1".to_owned()),
            size_bytes: 1,
            modified: SystemTime::UNIX_EPOCH,
        }
    }

    fn record(key: &str) -> RecordListed {
        RecordListed {
            key: key.to_owned(),
            modified: SystemTime::UNIX_EPOCH,
            etag: ETag("1".to_owned()),
        }
    }

    fn merged<'a>(
        originals: impl IntoIterator<Item = &'a String>,
        records: impl IntoIterator<Item = &'a String>,
    ) -> Result<Vec<(char, String)>, Error> {
        let originals: Vec<_> = originals.into_iter().map(|key| Ok(original(key))).collect();
        let records: Vec<_> = records.into_iter().map(|key| Ok(record(key))).collect();
        let sides = merge(
            futures::stream::iter(originals).boxed(),
            futures::stream::iter(records).boxed(),
        );
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let sides = runtime.block_on(sides.try_collect::<Vec<_>>())?;
        Ok(sides
            .into_iter()
            .map(|sides| match sides {
                Sides::Original(o) => ('o', o.key.as_str().to_owned()),
                Sides::Record(r) => ('r', r.key),
                Sides::Both(o, _) => ('b', o.key.as_str().to_owned()),
            })
            .collect())
    }

    proptest! {
        #[test]
        fn a_merge_is_the_union_of_two_sets_in_order(
            originals in prop::collection::btree_set("[a-c/.\n%ü]{1,4}", 0..40),
            records in prop::collection::btree_set("[a-c/.\n%ü]{1,4}", 0..40),
        ) {
            let union: BTreeSet<_> = originals.union(&records).collect();
            let model: Vec<_> = union.into_iter().map(|key| {
                let side = match (originals.contains(key), records.contains(key)) {
                    (true, true) => 'b', (true, false) => 'o', _ => 'r',
                };
                (side, key.clone())
            }).collect();
            prop_assert_eq!(merged(&originals, &records).unwrap(), model);
        }
    }

    #[test]
    fn a_listing_out_of_order_is_an_error_and_not_a_deletion() {
        let (shuffled, records) = (["b".to_owned(), "a".to_owned()], ["a".to_owned(), "b".to_owned()]);
        let error = merged(&shuffled, &records).unwrap_err();
        assert!(
            matches!(
                error,
                Error::Misordered {
                    listing: "originals",
                    ..
                }
            ),
            "{error}"
        );
    }
}
