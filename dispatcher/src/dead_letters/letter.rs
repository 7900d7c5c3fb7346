//! What a dead letter says: which job was given up and why, or that it was none.
use jiff::Timestamp;
use minilab_protos::job::Job;
use minilab_queue::Delivery;
use minilab_recipe::Lane;
use minilab_record::{FailureRecord, UnreadableRecord};
use minilab_store::Key;

/// A dead letter, as it is recorded.
#[derive(Debug)]
pub(super) enum Letter {
    /// Of a lane of an original.
    Failure {
        job: Box<Job>,
        failure: Box<FailureRecord>,
    },
    /// It was no job.
    Unreadable(UnreadableRecord),
}

/// Reads a delivery of the queue `dead`.
pub(super) fn read(delivery: &Delivery, now: Timestamp) -> Letter {
    let reason = delivery.reason.as_deref().unwrap_or(UNKNOWN);
    match job(&delivery.payload) {
        Some((job, lane)) => Letter::Failure {
            failure: Box::new(failure(&job, lane, reason, now)),
            job: Box::new(job),
        },
        None => Letter::Unreadable(UnreadableRecord::new(&delivery.payload, reason.to_owned(), now)),
    }
}

const UNKNOWN: &str = "unknown: the broker did not say why";

/// Is the letter told of by a record that is there? By one of the same death, or of a job that came later.
pub(super) fn covers(known: &FailureRecord, letter: &FailureRecord) -> bool {
    let tried = |failure: &FailureRecord| (failure.redrives, failure.attempts + failure.crashes);
    let came = |failure: &FailureRecord| (failure.first_seen, failure.redrives);
    if known.job.is_some() && known.job == letter.job {
        tried(known) >= tried(letter)
    } else {
        came(known) > came(letter)
    }
}

fn job(body: &[u8]) -> Option<(Job, Lane)> {
    let job = Job::from_json_bytes(body).ok()?;
    Key::new(job.key.clone()).ok()?;
    let lane = Lane::ALL.into_iter().find(|lane| lane.as_str() == job.lane)?;
    Some((job, lane))
}

fn failure(job: &Job, lane: Lane, reason: &str, now: Timestamp) -> FailureRecord {
    let (told, sentence) = reason.split_once(": ").unwrap_or((reason, reason));
    let last = job.last_error.as_ref();
    let (class, code) = match told {
        "poison" | "exhausted" | "denied" => (told, last.map_or(told, |last| last.code.as_str())),
        // Handed out again and again without an answer: it takes down who tries.
        "delivery-limit" => ("poison", told),
        "expired" => ("exhausted", told),
        // A job that some worker could not read; another release of it can.
        _ => ("unreadable", told),
    };
    let first_seen = i64::try_from(job.first_seen_ms).ok().filter(|ms| *ms > 0);
    FailureRecord {
        v: 1,
        key: job.key.clone(),
        lane,
        class: class.to_owned(),
        code: code.to_owned(),
        sentence: sentence.to_owned(),
        stage: None,
        job: Some(job.id.clone()).filter(|id| !id.is_empty()),
        attempts: job.attempt,
        crashes: job.crashes,
        redrives: job.redrives,
        worker: None,
        program: None,
        engine: String::new(),
        spent_ms: std::collections::BTreeMap::new(),
        first_seen: first_seen
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .unwrap_or(now),
        at: now,
    }
}

#[cfg(test)]
mod tests {
    use minilab_protos::job::LastError;

    use super::*;

    fn told(reason: &str) -> (String, String, String) {
        let job = Job {
            last_error: Some(LastError {
                class: "crash".into(),
                code: "renderer_signal".into(),
                sentence: "killed".into(),
            }),
            ..Job::default()
        };
        let FailureRecord {
            class,
            code,
            sentence,
            ..
        } = failure(&job, Lane::Fast, reason, Timestamp::UNIX_EPOCH);
        (class, code, sentence)
    }

    #[test]
    fn class_and_code_come_from_the_reason() {
        for (reason, expected) in [
            ("poison: it died", ("poison", "renderer_signal", "it died")),
            (
                "exhausted: no: at all",
                ("exhausted", "renderer_signal", "no: at all"),
            ),
            (
                "delivery-limit: 20 times",
                ("poison", "delivery-limit", "20 times"),
            ),
            ("expired: waited", ("exhausted", "expired", "waited")),
            ("envelope: version 9", ("unreadable", "envelope", "version 9")),
            ("who knows", ("unreadable", "who knows", "who knows")),
        ] {
            let (class, code, sentence) = told(reason);
            assert_eq!(
                (class.as_str(), code.as_str(), sentence.as_str()),
                expected,
                "{reason}"
            );
        }
    }

    #[test]
    fn record_covers_its_own_letter_and_those_of_earlier_jobs() {
        let job = |id: &str, seen: u64, redrives: u32, attempt: u32| {
            let job = Job {
                id: id.into(),
                first_seen_ms: seen,
                redrives,
                attempt,
                ..Job::default()
            };
            failure(&job, Lane::Fast, "exhausted: no", Timestamp::UNIX_EPOCH)
        };
        let known = job("a", 2, 1, 6);
        assert!(covers(&known, &job("a", 2, 1, 6)));
        assert!(covers(&known, &job("a", 2, 0, 6)), "it was put back since");
        assert!(!covers(&known, &job("a", 2, 2, 6)), "it was given up once more");
        assert!(
            !covers(&job("a", 2, 1, 3), &known),
            "it was recorded before its end"
        );
        assert!(covers(&known, &job("b", 1, 0, 6)));
        assert!(
            covers(&known, &job("b", 2, 0, 6)),
            "the known one was put back since"
        );
        assert!(!covers(&known, &job("b", 3, 0, 6)));
    }
}
