//! Event messages of every producer in one normal form.
//!
//! A message is hostile bytes: it is bounded, parsed once and never believed. What is no known form is answered as
//! [`Unknown`] with a reason and is never dropped; the step after this one decides what becomes of it.
mod aws;
mod ceph;
mod eventbridge;
mod minio;
mod own;
mod r2;
mod records;
mod seaweedfs;
mod sns;
mod spelling;
#[cfg(test)]
mod tests;

use std::time::SystemTime;

use jiff::Timestamp;
use minilab_record::DERIVATIVE_MARK;
use minilab_store::{ETag, Key};
use minilab_telemetry::{KeyRefusal, Producer};
use serde::Deserialize;
use serde_json::Value;

use crate::quoted;
use spelling::Spelling;

/// Longest message that is read. The largest real ones (AWS) have 64 KiB.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Most records of one message. AWS, MinIO and Ceph send one; a job for each is made before the message is settled.
pub const RECORDS_MAX: usize = 1_000;

/// One thing that happened to one object, as its producer tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Who tells it.
    pub producer: Producer,
    /// What happened.
    pub kind: Kind,
    /// In which bucket; empty where the producer names none.
    pub bucket: String,
    /// What the object may be called, likeliest first. More than one where the producer's encoding is not certain: both may
    /// be real objects. None if nothing happened to an object.
    pub keys: Vec<Key>,
    /// Names that no object can have.
    pub refused: Vec<KeyRefusal>,
    /// The version, as stores tell it: in quotes.
    pub etag: Option<ETag>,
    /// Length of the object.
    pub size_bytes: Option<u64>,
    /// The store's own version id.
    pub version_id: Option<String>,
    /// The producer's mark of order. Advisory: its meaning differs between producers, so it is shown and never compared.
    pub sequencer: Option<String>,
    /// When it happened.
    pub time: Option<SystemTime>,
    /// Does the object's metadata say that minilab wrote it?
    pub is_ours: bool,
    /// The focal point that its sender names, in our own form.
    pub focal: Option<String>,
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was created or overwritten.
    Created,
    /// It, or a version of it, was removed.
    Removed,
    /// Its tags were changed: of interest only where a recipe reads them.
    Tagged,
    /// Nothing that changes a derivative: access, a test of the connection.
    Ignored,
}

/// A message of no known form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown form: {reason}")]
pub struct Unknown {
    reason: String,
}

impl Unknown {
    fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: quoted::sentence(&reason.into()),
        }
    }
}

/// Reads a message of any producer. All or nothing: of several records none is taken if one is unknown, because a message is
/// settled as a whole.
pub fn normalise(message: &[u8]) -> Result<Vec<Event>, Unknown> {
    let document = parse(message)?;
    match sns::enveloped(&document)? {
        Some(inner) => events(&parse(inner.as_bytes())?),
        None => events(&document),
    }
}

/// By shape: no producer names its form.
fn events(document: &Value) -> Result<Vec<Event>, Unknown> {
    let has = |field| document.get(field).is_some();
    if has("Records") {
        records::events(document)
    } else if aws::is_test(document) {
        Ok(vec![aws::test(document)])
    } else if has("detail-type") {
        Ok(vec![eventbridge::event(document)?])
    } else if has("minilab") {
        Ok(vec![own::event(document)?])
    } else if has("event_type") {
        seaweedfs::events(document)
    } else if has("account") && has("action") {
        Ok(vec![r2::event(document)?])
    } else {
        Err(Unknown::new("no producer's"))
    }
}

/// JSON of bounded length and, by the parser's own limit of 128 levels, of bounded depth.
fn parse(message: &[u8]) -> Result<Value, Unknown> {
    if message.len() > MESSAGE_BYTES_MAX {
        let length = message.len();
        let reason = format!("{length} bytes are more than the {MESSAGE_BYTES_MAX} that are read");
        return Err(Unknown::new(reason));
    }
    serde_json::from_slice(message).map_err(|error| Unknown::new(format!("no JSON: {error}")))
}

/// The part of a document that we know; what else is in it is left alone.
fn read<'a, T: Deserialize<'a>>(document: &'a Value, what: &str) -> Result<T, Unknown> {
    T::deserialize(document).map_err(|error| Unknown::new(format!("{what}: {error}")))
}

impl Event {
    /// Nothing of which is known yet but where it comes from and what happened.
    fn new(producer: Producer, kind: Kind, bucket: impl Into<String>) -> Self {
        Self {
            producer,
            kind,
            bucket: bucket.into(),
            keys: Vec::new(),
            refused: Vec::new(),
            etag: None,
            size_bytes: None,
            version_id: None,
            sequencer: None,
            time: None,
            is_ours: false,
            focal: None,
        }
    }

    /// The same, of the object that the producer calls so. Of what is ignored no object is looked at.
    fn of(self, told: &str, spelling: Spelling) -> Self {
        if self.kind == Kind::Ignored {
            return self;
        }
        let (keys, refused) = spelling.keys(told);
        Self {
            keys,
            refused,
            ..self
        }
    }
}

/// An ETag as stores tell it. Events leave the quotes out.
fn etag(told: Option<&str>) -> Option<ETag> {
    let bare = told?.trim_matches('"');
    (!bare.is_empty()).then(|| ETag(format!("\"{bare}\"")))
}

/// A text that says something: producers write `""` or nothing for what they do not know.
fn said(told: Option<&str>) -> Option<String> {
    told.filter(|told| !told.is_empty()).map(str::to_owned)
}

/// A number, also where it is written as a text (Ceph's documentation). What is no number is not known.
fn number(told: Option<&Value>) -> Option<u64> {
    match told? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A date and time. One that cannot be read is not known: no key may be lost for it.
fn time(told: Option<&str>) -> Option<SystemTime> {
    told?.parse::<Timestamp>().ok().map(SystemTime::from)
}

/// Is this the name of the metadata by which minilab marks what it writes? With or without what HTTP puts before it.
fn is_mark(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.strip_prefix("x-amz-meta-").unwrap_or(&name) == DERIVATIVE_MARK.0
}
