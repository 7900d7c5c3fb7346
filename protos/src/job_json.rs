//! Jobs as messages: proto3 JSON, versioned, bounded.
use serde::Deserialize;

use crate::job::Job;

/// The largest message: a job is a key and a few numbers, and SQS with its attributes takes far more.
pub const JOB_BYTES_MAX: usize = 16 * 1024;

/// The version of the envelope that this build writes and reads.
pub const JOB_VERSION: u32 = 1;

/// Why bytes are not a job, or a job cannot travel. Permanent: the same bytes never become one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JobError {
    /// Larger than every broker is promised.
    #[error("the job has {bytes} bytes, more than the {JOB_BYTES_MAX} that a message may have")]
    TooLarge {
        /// How many.
        bytes: usize,
    },
    /// Not JSON, or not an object with a version.
    #[error("the message is not a job: no JSON object with a number `v`")]
    NotAJob {
        /// What the parser said.
        #[source]
        cause: serde_json::Error,
    },
    /// Written by another release.
    #[error(
        "the job has version {found} of the envelope, this build reads {JOB_VERSION}: upgrade this process"
    )]
    Version {
        /// The version it says it has.
        found: u64,
    },
    /// A field has the wrong form.
    #[error("the job's fields cannot be read")]
    Malformed {
        /// What the parser said.
        #[source]
        cause: serde_json::Error,
    },
}

/// All that is believed of a message before its version is known.
#[derive(Deserialize)]
struct Envelope {
    v: u64,
}

impl Job {
    /// The message's body.
    pub fn to_json_bytes(&self) -> Result<Vec<u8>, JobError> {
        let bytes = serde_json::to_vec(self).map_err(|cause| JobError::Malformed { cause })?;
        within_cap(&bytes)?;
        Ok(bytes)
    }

    /// Reads a message's body. Fields of later releases are ignored.
    pub fn from_json_bytes(body: &[u8]) -> Result<Self, JobError> {
        within_cap(body)?;
        let found = serde_json::from_slice::<Envelope>(body)
            .map_err(|cause| JobError::NotAJob { cause })?
            .v;
        if found != u64::from(JOB_VERSION) {
            return Err(JobError::Version { found });
        }
        serde_json::from_slice(body).map_err(|cause| JobError::Malformed { cause })
    }
}

fn within_cap(body: &[u8]) -> Result<(), JobError> {
    match body.len() {
        bytes if bytes > JOB_BYTES_MAX => Err(JobError::TooLarge { bytes }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{Hint, LastError, Said, Via};

    const SAMPLE: &str = include_str!("../samples/job.v1.json");

    fn job() -> Job {
        Job {
            v: 1,
            id: "01JD5Z6V9Q4XK1M8T2R7N3W0YB".into(),
            store: "originals".into(),
            key: "uploads/\u{e9}t\u{e9} #1.jpg".into(),
            hint: Some(Hint {
                etag: "\"9b2c\"".into(),
                size_bytes: 9_007_199_254_740_993,
                version_id: "v7".into(),
                event_time_ms: 1_760_000_000_123,
                producer: "watch".into(),
            }),
            lane: "fast".into(),
            via: Via::Live.into(),
            tenant: "acme".into(),
            predicted_ms: 340,
            min_rev: 12,
            attempt: 2,
            crashes: 1,
            redrives: 1,
            ambiguous: true,
            first_seen_ms: 1_760_000_000_200,
            enqueued_at_ms: 1_760_000_000_300,
            not_before_ms: 1_760_000_005_300,
            last_error: Some(LastError {
                class: "transient".into(),
                code: "store-unavailable".into(),
                sentence: "bucket acme-media: put x: the store is unavailable".into(),
            }),
            traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into(),
            said: Some(Said {
                focal: "0.3,0.55".into(),
                at_ms: 1_760_000_000_100,
            }),
        }
    }

    #[test]
    fn golden_sample_of_version_1_is_read_whole() {
        assert_eq!(Job::from_json_bytes(SAMPLE.as_bytes()).unwrap(), job());
    }

    #[test]
    fn what_is_written_is_the_golden_sample() {
        let written: serde_json::Value = serde_json::from_slice(&job().to_json_bytes().unwrap()).unwrap();
        let sample: serde_json::Value = serde_json::from_str(SAMPLE).unwrap();
        assert_eq!(
            written, sample,
            "a change of the envelope needs a new version and a new sample"
        );
    }

    #[test]
    fn fields_of_later_releases_are_ignored() {
        let read = Job::from_json_bytes(br#"{"v":1,"key":"a.jpg","colour":{"of":"sky"}}"#).unwrap();
        assert_eq!(
            read,
            Job {
                v: 1,
                key: "a.jpg".into(),
                ..Job::default()
            }
        );
    }

    #[test]
    fn other_versions_are_told_from_garbage() {
        assert!(matches!(
            Job::from_json_bytes(br#"{"v":2,"key":7}"#),
            Err(JobError::Version { found: 2 })
        ));
        for garbage in [&b""[..], b"[]", b"{}", b"\xff", br#"{"v":"one"}"#] {
            assert!(matches!(
                Job::from_json_bytes(garbage),
                Err(JobError::NotAJob { .. })
            ));
        }
        assert!(matches!(
            Job::from_json_bytes(br#"{"v":1,"key":7}"#),
            Err(JobError::Malformed { .. })
        ));
    }

    #[test]
    fn oversized_bodies_are_refused_both_ways() {
        let large = Job {
            v: 1,
            traceparent: "x".repeat(JOB_BYTES_MAX),
            ..Job::default()
        };
        assert!(matches!(large.to_json_bytes(), Err(JobError::TooLarge { .. })));
        assert!(matches!(
            Job::from_json_bytes(&vec![b' '; JOB_BYTES_MAX + 1]),
            Err(JobError::TooLarge { .. })
        ));
    }
}
