//! What was given up is told to receivers where no record tells it.
use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use minilab_notify::{Notifier, listeners};
use minilab_protos::job::Job;
use minilab_recipe::Decision;
use minilab_record::{FailureRecord, PublicUrls, Record, Records, pending_lanes};
use minilab_store::Store;

use crate::{Error, Jobs};

/// Notes for receivers what became of a job that nobody finished.
#[derive(Debug, Clone)]
pub(super) struct Teller {
    jobs: Arc<Jobs>,
    records: Records,
    /// `None`: nobody listens.
    notifier: Option<Notifier>,
}

impl Teller {
    pub(super) fn new(jobs: Arc<Jobs>, state: Arc<dyn Store>) -> Self {
        let listeners = listeners(jobs.document());
        let notifier = || {
            Notifier::new(
                Arc::clone(&state),
                Arc::clone(jobs.queue()),
                jobs.clock(),
                listeners.clone(),
            )
        };
        Self {
            notifier: (!listeners.is_empty()).then(notifier),
            records: Records::new(state),
            jobs,
        }
    }

    /// Notes it, unless the record was swapped since the job was sent and has decided the lane: then its worker has told what is true.
    pub(super) async fn tell(&self, job: &Job, failure: &FailureRecord) -> Result<(), Error> {
        let Some(notifier) = &self.notifier else {
            return Ok(());
        };
        let record = self.records.load(&failure.key).await?.record;
        let document = self.jobs.document();
        let recipe = match document.decide(&failure.key) {
            Decision::Recipe { recipe, .. } => Some(recipe),
            Decision::Nothing => None,
        };
        let lanes = recipe.map_or_else(BTreeMap::new, |recipe| {
            let lanes = recipe.lanes().into_iter();
            lanes.map(|lane| (lane, recipe.lane_digest(lane))).collect()
        });
        let tells = |record: &Record| {
            record.updated >= sent(job) && !pending_lanes(record, &lanes).contains(&failure.lane)
        };
        if record.as_ref().is_some_and(tells) {
            return Ok(());
        }
        let urls = PublicUrls {
            base: document.to.url.as_deref().unwrap_or_default(),
            recipe,
        };
        notifier.note_given_up(failure, record.as_ref(), &urls).await?;
        Ok(())
    }
}

/// When the job was sent; a job that does not say is taken for an old one.
fn sent(job: &Job) -> Timestamp {
    let sent = i64::try_from(job.enqueued_at_ms).ok();
    sent.and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::UNIX_EPOCH)
}
