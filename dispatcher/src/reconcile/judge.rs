//! Finding out about one key, reading its record where the listings do not tell enough.
use std::time::SystemTime;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use minilab_record::Record;
use minilab_store::{Key, Listed, StoreExt as _};
use minilab_telemetry::{Finding, PassMode};

use super::{Reconcile, way::HeldHint};
use crate::{
    Error, Pass,
    finding::compare,
    merge::{Sides, merge},
};

/// What was found of one key.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) finding: Finding,
    pub(super) hint: Option<HeldHint>,
    /// May it be half-written?
    pub(super) unsettled: bool,
}

enum Read {
    Record(Option<Box<Record>>),
    Unreadable,
}

impl Reconcile {
    /// All keys after the one named, in order.
    pub(super) fn found<'a>(
        &'a self,
        pass: &'a Pass,
        after: Option<String>,
    ) -> impl Stream<Item = Result<Found, Error>> + Send + use<'a> {
        self.sides(&pass.prefix, after)
            .map_ok(|sides| self.judge(sides, pass.mode))
            .try_buffered(self.config.reads_max)
            .try_filter_map(|found| futures::future::ready(Ok(found)))
    }

    fn sides<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<String>,
    ) -> impl Stream<Item = Result<Sides, Error>> + Send + use<'a> {
        let names = self.config.names;
        let originals = self
            .originals
            .list_after(prefix, after.as_deref())
            .map_err(Error::from)
            .try_filter(move |listed| futures::future::ready(names.admit(listed.key.as_str())));
        let after = after.or_else(|| (!prefix.is_empty()).then(|| prefix.to_owned()));
        let records = self
            .records
            .list(after.as_deref())
            .map_err(Error::from)
            .try_take_while(move |listed| futures::future::ready(Ok(listed.key.starts_with(prefix))))
            .try_filter(move |listed| futures::future::ready(names.admit(&listed.key)));
        merge(originals.boxed(), records.boxed())
    }

    /// `None`: something that is no record lies among the records.
    async fn judge(&self, sides: Sides, mode: PassMode) -> Result<Option<Found>, Error> {
        let (original, listed) = match sides {
            Sides::Original(original) => (Some(original), None),
            Sides::Record(record) => (None, Some(record)),
            Sides::Both(original, record) => (Some(original), Some(record)),
        };
        let key = match (&original, &listed) {
            (Some(original), _) => original.key.clone(),
            (None, Some(record)) => match Key::new(&*record.key) {
                Ok(key) => key,
                Err(cause) => {
                    tracing::warn!(key = ?record.key, error = %cause, "an object among the records is none");
                    return Ok(None);
                }
            },
            (None, None) => unreachable!("a merge names at least one side"),
        };
        let plain = |finding| Found {
            key: key.clone(),
            finding,
            hint: None,
            unsettled: false,
        };
        if let (PassMode::Incremental, Some(original), Some(record)) = (mode, &original, &listed)
            && record.modified > original.modified
        {
            return Ok(Some(plain(Finding::Current)));
        }
        let record = match listed {
            None => None,
            Some(_) => match self.record(&key).await? {
                Read::Record(record) => record,
                Read::Unreadable => return Ok(Some(plain(Finding::Unreadable))),
            },
        };
        let document = self.jobs.document();
        let decision = document.decide(key.as_str());
        let finding = compare(
            original.as_ref(),
            record.as_deref(),
            &decision,
            document.on_delete,
        );
        if finding == Finding::Current {
            return Ok(Some(plain(finding)));
        }
        Ok(Some(Found {
            finding,
            hint: Some(HeldHint::new(key.clone(), original.as_ref(), record.is_some())),
            unsettled: original.as_ref().is_some_and(|original| self.is_young(original)),
            key,
        }))
    }

    /// One broken record must not keep the others from being looked at, nor one that we may not read: a store that refuses us
    /// everything refuses the listing.
    async fn record(&self, key: &Key) -> Result<Read, Error> {
        match self.records.load(key.as_str()).await {
            Ok(loaded) => Ok(Read::Record(loaded.record.map(Box::new))),
            Err(cause) => {
                let error = Error::from(cause);
                if !error.is_of_one() || error.is_transient() {
                    return Err(error);
                }
                tracing::error!(original.key = %key, error = &error as &dyn std::error::Error, "a record is unreadable");
                Ok(Read::Unreadable)
            }
        }
    }

    fn is_young(&self, original: &Listed) -> bool {
        let now: SystemTime = self.jobs.now();
        let apart = now
            .duration_since(original.modified)
            .unwrap_or_else(|ahead| ahead.duration());
        apart < self.config.quiet
    }
}
