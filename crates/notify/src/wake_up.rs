//! What travels through the queue `notify`: which outbox to look at, and why. Losing one costs time, never a notification.
use jiff::Timestamp;
use minilab_queue::{Outgoing, QueueName};
use serde::{Deserialize, Serialize};

use crate::Error;

/// The queue between workers and senders.
pub fn notify_queue() -> QueueName {
    QueueName::new("notify").expect("a constant of the right form")
}

/// The version of the form that this build writes and reads.
const VERSION: u32 = 1;

/// The part that every later form keeps.
#[derive(Deserialize)]
struct Version {
    v: u32,
}

/// A request to look at an outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WakeUp {
    /// Version of this form: 1.
    pub v: u32,
    /// Name of the target.
    pub target: String,
    /// Key of the original.
    pub key: String,
    pub cause: Cause,
    /// When it was first sent.
    pub sent: Timestamp,
}

/// Why to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Cause {
    /// Something was noted.
    Noted,
    /// Its receiver did not take something, and is told again at this time.
    Again(Timestamp),
    /// It waits longer than it should.
    Found,
    /// An operator asks for it.
    Asked,
}

impl WakeUp {
    pub fn new(target: &str, key: &str, cause: Cause, now: Timestamp) -> Self {
        Self {
            v: VERSION,
            target: target.to_owned(),
            key: key.to_owned(),
            cause,
            sent: now,
        }
    }

    pub fn read(payload: &[u8]) -> Result<Self, Error> {
        let no_wake_up = |cause| Error::NoWakeUp { cause };
        // The version first: a later form may lack what this build demands.
        let found = serde_json::from_slice::<Version>(payload).map_err(no_wake_up)?.v;
        if found > VERSION {
            return Err(Error::Newer { found });
        }
        serde_json::from_slice(payload).map_err(no_wake_up)
    }

    pub fn payload(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("wake-ups have no maps")
    }

    /// One that waits is as good as two. But what an operator asks for must not become part of one that still has to wait.
    pub fn outgoing(&self) -> Outgoing {
        let outgoing = Outgoing::new(notify_queue(), self.payload());
        match self.cause {
            Cause::Asked => outgoing,
            _ => outgoing.coalescing(format!("{}/{}", self.target, self.key)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wake_ups_of_earlier_releases_are_read() {
        let sample = r#"{"v":1,"target":"site","key":"a b.jpg","cause":{"again":"2026-01-02T03:04:05Z"},"sent":"2026-01-02T03:00:00Z"}"#;
        let read = WakeUp::read(sample.as_bytes()).expect("it is a wake-up");
        assert_eq!(
            (read.target.as_str(), read.key.as_str(), read.payload()),
            ("site", "a b.jpg", sample.as_bytes().to_vec())
        );
        assert!(matches!(WakeUp::read(b"{}"), Err(Error::NoWakeUp { .. })));
        assert!(matches!(
            WakeUp::read(br#"{"v":2}"#),
            Err(Error::Newer { found: 2 })
        ));
    }
}
