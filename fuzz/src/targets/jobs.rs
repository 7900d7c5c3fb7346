//! The envelope of a job, as it travels.
use minilab_protos::{JOB_BYTES_MAX, JOB_VERSION, job::Job};
use minilab_worker::testing;

/// A job is bounded and of this version, and what is read is what would be written; a worker takes only keys that a store can have.
pub fn run(input: &[u8]) {
    let Ok(job) = Job::from_json_bytes(input) else {
        assert!(testing::job(input).is_none(), "a worker takes what is no job");
        return;
    };
    assert!(input.len() <= JOB_BYTES_MAX && job.v == JOB_VERSION);
    // Escapes that were not needed may be written shorter, never longer than they may be.
    if let Ok(written) = job.to_json_bytes() {
        assert_eq!(Job::from_json_bytes(&written).ok().as_ref(), Some(&job));
    }
    if let Some((key, lane)) = testing::job(input) {
        assert_eq!(
            (key.as_str(), lane.as_str()),
            (job.key.as_str(), job.lane.as_str())
        );
        assert!(!key.as_str().is_empty() && !key.as_str().contains('\0'));
    }
}
