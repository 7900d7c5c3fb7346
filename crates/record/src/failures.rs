//! Failure records: what operators must look at, apart from the records so that it can be listed.
use std::sync::Arc;

use futures::{Stream, StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use minilab_recipe::Lane;
use minilab_store::{Condition, Key, Sha256, Store, StoreExt as _};
use serde::{Deserialize, Serialize};

use crate::{
    Error,
    objects::{self, Form},
};

const PREFIX: &str = "failures/";
const FORM: Form = Form {
    what: "a failure record",
    known: 1,
};
/// Enough to hide the way to the store, few enough to leave it to the workers.
const READS_AT_ONCE: usize = 8;

/// Why one lane of one original is not what its recipe asks.
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
    /// How often it was tried.
    pub attempts: u32,
    /// Build of the engine.
    pub engine: String,
    /// When its job first came.
    pub first_seen: Timestamp,
    /// When it was given up.
    pub at: Timestamp,
}

/// All failure records of one installation.
#[derive(Debug, Clone)]
pub struct Failures {
    state: Arc<dyn Store>,
}

impl Failures {
    /// Failure records in `state`.
    pub fn new(state: Arc<dyn Store>) -> Self {
        Self { state }
    }

    /// Records a failure, in the place of an earlier one of the same lane.
    pub async fn write(&self, failure: &FailureRecord) -> Result<(), Error> {
        let key = object(&failure.key, failure.lane);
        objects::put(&*self.state, &key, Condition::None, failure).await?;
        Ok(())
    }

    /// Forgets the failure of a lane that has succeeded since. None there is no error.
    pub async fn clear(&self, key: &str, lane: Lane) -> Result<(), Error> {
        Ok(self.state.delete(&object(key, lane)).await?)
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
        self.state
            .list_all(PREFIX)
            .map_err(Error::from)
            .map_ok(move |listed| async move {
                objects::get::<FailureRecord>(&*self.state, &listed.key, FORM).await
            })
            .try_buffered(READS_AT_ONCE)
            // Cleared between the listing and the read: no failure any more.
            .try_filter_map(|found| std::future::ready(Ok(found.map(|(failure, _)| failure))))
            .boxed()
    }
}

/// Hashed, so that no prefix of keys makes a hot spot of a bad batch of uploads.
fn object(original: &str, lane: Lane) -> Key {
    Key::new(format!("{PREFIX}{}/{lane}", Sha256::of(original.as_bytes())))
        .expect("a digest is within the limits")
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
            attempts: 1,
            engine: "e1".into(),
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
}
