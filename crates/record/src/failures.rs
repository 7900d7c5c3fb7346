//! Failure records: what operators must look at, apart from the records so that it can be listed.
use std::{collections::BTreeMap, sync::Arc};

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use minilab_recipe::Lane;
use minilab_store::{Key, Sha256, Store, StoreExt as _};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{
    Error,
    objects::{self, Form},
};

const PREFIX: &str = "failures/";
const FORM: Form = Form {
    what: "a failure record",
    known: 1,
};
const UNREADABLE_PREFIX: &str = "unreadable/";
const UNREADABLE_FORM: Form = Form {
    what: "a message that is no job",
    known: 1,
};
/// Enough of a message to see whose it is.
const UNREADABLE_BYTES_MAX: usize = 4096;
/// Two writers of one lane are rare, three more so.
const TRIES: u32 = 5;
/// Enough to hide the way to the store, few enough to leave it to the workers.
const READS_AT_ONCE: usize = 8;

/// Why one lane of one original is not what its recipe asks. What may be absent was added later or is not known to
/// everybody who writes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureRecord {
    /// Version of this form: 1.
    pub v: u32,
    /// Key of the original.
    pub key: String,
    /// Which lane.
    pub lane: Lane,
    /// `input`, `exhausted`, `denied`, `poison`, ...
    pub class: String,
    /// Stable code.
    pub code: String,
    /// For people.
    pub sentence: String,
    /// In which part of the attempt it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Id of the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job: Option<String>,
    /// How often it was tried without a crash.
    pub attempts: u32,
    /// How often it took down who tried.
    #[serde(default)]
    pub crashes: u32,
    /// How often an operator had put it back.
    #[serde(default)]
    pub redrives: u32,
    /// Host and process that tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// Release of that worker.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Build of its engine; empty where nobody knows.
    pub engine: String,
    /// Milliseconds that the last attempt spent, by part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub spent_ms: BTreeMap<String, u64>,
    /// When its job first came.
    pub first_seen: Timestamp,
    /// When it was given up.
    pub at: Timestamp,
}

impl FailureRecord {
    /// Lies the fault in the original? Then nobody gave up: another try would end the same.
    pub fn is_of_input(&self) -> bool {
        self.class == "input"
    }
}

/// A message that was no job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadableRecord {
    /// Version of this form: 1.
    pub v: u32,
    /// Digest of the message's bytes, which names it.
    pub sha256: Sha256,
    /// Why it was given up.
    pub reason: String,
    /// How long it was.
    pub bytes: u64,
    /// The first 4 KiB of it, as text.
    pub begins: String,
    /// When it was given up.
    pub at: Timestamp,
}

impl UnreadableRecord {
    /// Of a message's bytes.
    pub fn new(body: &[u8], reason: String, at: Timestamp) -> Self {
        let begins = &body[..body.len().min(UNREADABLE_BYTES_MAX)];
        Self {
            v: 1,
            sha256: Sha256::of(body),
            reason,
            bytes: body.len() as u64,
            begins: String::from_utf8_lossy(begins).into_owned(),
            at,
        }
    }
}

/// All failure records of one installation, and the messages that were no jobs.
///
/// Several processes write here. A failure never takes the place of a later one. Against a [`Self::clear`] there is no such
/// guard, since nothing is left to compare with: a writer that is late, after its lease is lost, can leave the failure of a
/// lane that is fine meanwhile. That is harmless, because failures are shown and never decided by: the lane's next swap,
/// a redrive or a purge takes it away. The other way round, a late `clear` can take away a failure whose lane is still
/// pending; reconcile finds that lane, and its job fails again.
#[derive(Debug, Clone)]
pub struct Failures {
    state: Arc<dyn Store>,
}

impl Failures {
    /// Failure records in `state`.
    pub fn new(state: Arc<dyn Store>) -> Self {
        Self { state }
    }

    /// The failure of a lane, if there is one.
    pub async fn load(&self, key: &str, lane: Lane) -> Result<Option<FailureRecord>, Error> {
        let found = objects::get(&*self.state, &object(key, lane), FORM).await?;
        Ok(found.map(|(failure, _)| failure))
    }

    /// Records a failure, in the place of an earlier one of the same lane. A later one stays.
    pub async fn write(&self, failure: &FailureRecord) -> Result<(), Error> {
        let key = object(&failure.key, failure.lane);
        for _ in 0..TRIES {
            let found = objects::get::<FailureRecord>(&*self.state, &key, FORM).await?;
            let (known, etag) = found.unzip();
            if known.is_some_and(|known| known.at > failure.at) {
                return Ok(());
            }
            let written = objects::swap(&*self.state, &key, etag.as_ref(), failure).await?;
            if written.is_some() {
                return Ok(());
            }
        }
        Err(Error::Contended { key, tries: TRIES })
    }

    /// Forgets the failure of a lane that has succeeded since. None there is no error.
    pub async fn clear(&self, key: &str, lane: Lane) -> Result<(), Error> {
        Ok(self.state.delete(&object(key, lane)).await?)
    }

    /// Forgets a failure if it is still the one that was listed. `false`: another has taken its place, or none.
    pub async fn forget(&self, failure: &FailureRecord) -> Result<bool, Error> {
        let known = self.load(&failure.key, failure.lane).await?;
        let is_known = known.as_ref() == Some(failure);
        if is_known {
            self.clear(&failure.key, failure.lane).await?;
        }
        Ok(is_known)
    }

    /// Forgets the failures of an original that is gone.
    pub async fn clear_all(&self, key: &str) -> Result<(), Error> {
        for lane in Lane::ALL {
            self.clear(key, lane).await?;
        }
        Ok(())
    }

    /// All failures, in no order that means anything. Ends after the first error.
    pub fn list(&self) -> impl Stream<Item = Result<FailureRecord, Error>> + '_ {
        self.all(PREFIX, FORM)
    }

    /// Keeps a message that was no job. The same bytes are kept once.
    pub async fn keep_unreadable(&self, message: &UnreadableRecord) -> Result<(), Error> {
        let key = unreadable(message.sha256);
        // Whoever was first has written the same.
        objects::swap(&*self.state, &key, None, message).await.map(drop)
    }

    /// Forgets a message that was no job. None there is no error.
    pub async fn clear_unreadable(&self, sha256: Sha256) -> Result<(), Error> {
        Ok(self.state.delete(&unreadable(sha256)).await?)
    }

    /// All messages that were no jobs, in no order that means anything. Ends after the first error.
    pub fn list_unreadable(&self) -> impl Stream<Item = Result<UnreadableRecord, Error>> + '_ {
        self.all(UNREADABLE_PREFIX, UNREADABLE_FORM)
    }

    fn all<T: DeserializeOwned + Send + 'static>(
        &self,
        prefix: &'static str,
        form: Form,
    ) -> impl Stream<Item = Result<T, Error>> + '_ {
        self.state
            .list_all(prefix)
            .map_err(Error::from)
            .map_ok(move |listed| async move { objects::get::<T>(&*self.state, &listed.key, form).await })
            .try_buffered(READS_AT_ONCE)
            // Cleared between the listing and the read: no failure any more.
            .try_filter_map(|found| std::future::ready(Ok(found.map(|(value, _)| value))))
            .boxed()
    }
}

/// Hashed, so that no prefix of keys makes a hot spot of a bad batch of uploads.
fn object(original: &str, lane: Lane) -> Key {
    Key::new(format!("{PREFIX}{}/{lane}", Sha256::of(original.as_bytes())))
        .expect("a digest is within the limits")
}

fn unreadable(sha256: Sha256) -> Key {
    Key::new(format!("{UNREADABLE_PREFIX}{sha256}")).expect("a digest is within the limits")
}

#[cfg(test)]
mod tests {
    use minilab_store::Memory;

    use super::*;

    fn failure(key: &str, lane: Lane) -> FailureRecord {
        FailureRecord {
            v: 1,
            key: key.into(),
            lane,
            class: "input".into(),
            code: "not-an-image".into(),
            sentence: "the object is not an image".into(),
            stage: Some("look".into()),
            job: Some("j1".into()),
            attempts: 1,
            crashes: 0,
            redrives: 0,
            worker: Some("host:1".into()),
            program: Some("0.1.0".into()),
            engine: "e1".into(),
            spent_ms: BTreeMap::from([("fetch".into(), 3)]),
            first_seen: Timestamp::UNIX_EPOCH,
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[tokio::test]
    async fn success_of_one_lane_clears_its_failure_alone() {
        let failures = Failures::new(Arc::new(Memory::new()));
        for lane in [Lane::Fast, Lane::Bulk] {
            failures.write(&failure("a.jpg", lane)).await.unwrap();
        }
        failures.write(&failure("b.jpg", Lane::Fast)).await.unwrap();
        failures.clear("a.jpg", Lane::Fast).await.unwrap();
        failures.clear("never/failed.jpg", Lane::Fast).await.unwrap();
        let mut left: Vec<FailureRecord> = failures.list().try_collect().await.unwrap();
        left.sort_by(|one, other| one.key.cmp(&other.key));
        assert_eq!(left, [failure("a.jpg", Lane::Bulk), failure("b.jpg", Lane::Fast)]);
        failures.clear_all("a.jpg").await.unwrap();
        assert_eq!(failures.list().count().await, 1);
    }

    #[tokio::test]
    async fn writer_that_is_late_does_not_take_the_place_of_a_later_failure() {
        let failures = Failures::new(Arc::new(Memory::new()));
        let early = failure("a.jpg", Lane::Fast);
        let late = FailureRecord {
            at: Timestamp::from_second(1).unwrap(),
            class: "poison".into(),
            ..early.clone()
        };
        for failure in [&early, &late, &early] {
            failures.write(failure).await.unwrap();
        }
        assert_eq!(failures.load("a.jpg", Lane::Fast).await.unwrap(), Some(late));
    }

    #[tokio::test]
    async fn failure_that_an_earlier_release_wrote_is_read() {
        let state = Arc::new(Memory::new());
        let written = r#"{"v":1,"key":"a.jpg","lane":"fast","class":"exhausted","code":"store_failed","sentence":"no",
            "attempts":6,"engine":"e0","first_seen":"2026-01-01T00:00:00Z","at":"2026-01-01T02:00:00Z"}"#;
        let options = minilab_store::PutOptions::default();
        state
            .put(&object("a.jpg", Lane::Fast), written.into(), options)
            .await
            .unwrap();
        let read = Failures::new(state)
            .load("a.jpg", Lane::Fast)
            .await
            .unwrap()
            .unwrap();
        assert_eq!((read.attempts, read.crashes, read.job), (6, 0, None));
    }

    #[tokio::test]
    async fn message_that_is_no_job_is_kept_once_with_its_beginning() {
        let failures = Failures::new(Arc::new(Memory::new()));
        let body = vec![b'x'; 10_000];
        let message = UnreadableRecord::new(&body, "envelope: no".into(), Timestamp::UNIX_EPOCH);
        for _ in 0..2 {
            failures.keep_unreadable(&message).await.unwrap();
        }
        let kept: Vec<UnreadableRecord> = failures.list_unreadable().try_collect().await.unwrap();
        assert_eq!(
            (kept.len(), kept[0].bytes, kept[0].begins.len()),
            (1, 10_000, 4096)
        );
        assert_eq!(failures.list().count().await, 0, "it is no original's failure");
        failures.clear_unreadable(message.sha256).await.unwrap();
        assert_eq!(failures.list_unreadable().count().await, 0);
    }
}
