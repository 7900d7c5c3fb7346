//! A job as it travels: parsed once where it is received, written where it is sent.
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use minilab_protos::{
    JOB_VERSION, JobError,
    job::{Job, Via},
};
use minilab_queue::{Outgoing, QueueName};
use minilab_recipe::Lane;
use minilab_store::Key;
use minilab_telemetry::traces::SpanContext;

use crate::Error;

/// A job whose key and lane are what they claim to be.
#[derive(Debug, Clone)]
pub(crate) struct Envelope {
    pub job: Job,
    pub key: Key,
    pub lane: Lane,
}

/// Why a message is not worked on.
#[derive(Debug)]
pub(crate) enum Unread {
    /// A later release wrote it, and reads it: it says which version it has.
    Newer(u64),
    /// It is no job, for anybody.
    NoJob(Error),
}

impl From<Error> for Unread {
    fn from(error: Error) -> Self {
        Self::NoJob(error)
    }
}

impl Envelope {
    pub fn parse(payload: &[u8]) -> Result<Self, Unread> {
        let refused = |reason: String| Error::Envelope { reason };
        let job = match Job::from_json_bytes(payload) {
            Ok(job) => job,
            Err(JobError::Version { found }) if found > JOB_VERSION.into() => {
                return Err(Unread::Newer(found));
            }
            Err(error) => return Err(refused(with_cause(&error)).into()),
        };
        let key = Key::new(job.key.clone()).map_err(|e| refused(e.to_string()))?;
        let lane = Lane::ALL.into_iter().find(|lane| lane.as_str() == job.lane);
        let lane = lane.ok_or_else(|| refused(format!("`{}` is no lane", job.lane)))?;
        Ok(Self { job, key, lane })
    }

    /// Must lanes that are recorded as failed be made again? An operator has put the job back; or one was recorded
    /// as failed when it was given up, and the dead letter was not confirmed: it ends in files or in a dead letter.
    pub fn retries_failed(&self) -> bool {
        self.job.redrives > 0 || self.job.crashes > 0
    }

    /// Does an operator's pass ask for it? Then all lanes are made in one decode.
    pub fn is_backfill(&self) -> bool {
        self.job.via() == Via::Backfill
    }
}

fn with_cause(error: &JobError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

/// A job's bytes.
pub(crate) fn payload(job: &Job) -> Bytes {
    Bytes::from(serde_json::to_vec(job).expect("a job is strings and numbers"))
}

/// The queue of a lane.
pub fn lane_queue(lane: Lane) -> QueueName {
    QueueName::new(lane.as_str()).expect("a lane's name is a queue's")
}

/// The queue of operators' work.
pub fn backfill_queue() -> QueueName {
    QueueName::new("backfill").expect("it fits the form")
}

/// The job of another lane of the same original, on its way to that lane's queue. A job of its own, with counters of its
/// own; it stands for the same event, and goes on below the attempt that sends it.
pub(crate) fn follow_up(job: &Job, lane: Lane, now: SystemTime, sender: Option<SpanContext>) -> Outgoing {
    let now_ms = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64;
    let next = Job {
        id: ulid::Ulid::from_datetime(now).to_string(),
        lane: lane.as_str().to_owned(),
        attempt: 0,
        crashes: 0,
        redrives: 0,
        ambiguous: false,
        enqueued_at_ms: now_ms,
        not_before_ms: 0,
        last_error: None,
        traceparent: sender.map_or_else(|| job.traceparent.clone(), |sender| sender.to_string()),
        ..job.clone()
    };
    // As the dispatcher writes it, so that a follow-up and an event of one lane are one job.
    let coalesce = format!("{}/{lane}/{}", job.store, job.key);
    let message = Outgoing::new(lane_queue(lane), payload(&next)).coalescing(coalesce);
    Outgoing {
        group: Some(next.tenant).filter(|tenant| !tenant.is_empty()),
        ..message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follow_up_is_of_the_group_of_its_tenant() {
        for (tenant, group) in [("acme", Some("acme".to_owned())), ("", None)] {
            let job = Job {
                store: "from".to_owned(),
                key: "a.jpg".to_owned(),
                tenant: tenant.to_owned(),
                ..Job::default()
            };
            let next = follow_up(&job, Lane::Bulk, UNIX_EPOCH, None);
            assert_eq!(next.group, group);
            let travels = serde_json::from_slice::<Job>(&next.payload).unwrap();
            assert_eq!((travels.tenant.as_str(), travels.lane.as_str()), (tenant, "bulk"));
        }
    }
}
