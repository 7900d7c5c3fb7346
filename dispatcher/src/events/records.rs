//! The form of S3's own notifications, which others send with their own habits: `Records`, each with its source.
use minilab_telemetry::Producer;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Event, Kind, RECORDS_MAX, Unknown, aws, ceph, etag, minio, number, read, said, spelling::Spelling, time,
};

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "Records")]
    records: Vec<Record>,
    /// MinIO's: the bucket and the object's name, as they are.
    #[serde(rename = "Key")]
    whole: Option<Value>,
}

/// One record. Fields that only hint at something are read leniently: for none of them may a key be lost.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    event_version: String,
    event_source: String,
    event_name: String,
    event_time: Option<Value>,
    s3: S3,
}

#[derive(Deserialize)]
struct S3 {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    size: Option<Value>,
    e_tag: Option<Value>,
    version_id: Option<Value>,
    sequencer: Option<Value>,
    /// MinIO's.
    user_metadata: Option<Value>,
    /// Ceph's.
    metadata: Option<Value>,
}

/// All records of a message.
pub(super) fn events(document: &Value) -> Result<Vec<Event>, Unknown> {
    let message: Message = read(document, "Records")?;
    if message.records.is_empty() {
        return Err(Unknown::new("Records is empty"));
    }
    let records = message.records.len();
    if records > RECORDS_MAX {
        let reason = format!("{records} records are more than the {RECORDS_MAX} that are read");
        return Err(Unknown::new(reason));
    }
    let whole = text(message.whole.as_ref());
    let events = message.records.iter().map(|record| record.event(whole));
    events.collect()
}

impl Record {
    fn event(&self, whole: Option<&str>) -> Result<Event, Unknown> {
        if !self.event_version.starts_with("2.") {
            return Err(Unknown::new(format!("eventVersion {:?}", self.event_version)));
        }
        match self.event_source.as_str() {
            "aws:s3" => aws::event(self),
            "minio:s3" => minio::event(self, whole),
            "ceph:s3" => ceph::event(self),
            other => Err(Unknown::new(format!("eventSource {other:?}"))),
        }
    }

    /// What all sources have in common.
    pub(super) fn told_by(&self, producer: Producer, spelling: Spelling) -> Result<Event, Unknown> {
        let object = &self.s3.object;
        let event = Event::new(producer, kind(&self.event_name)?, &self.s3.bucket.name);
        Ok(Event {
            etag: etag(text(object.e_tag.as_ref())),
            size_bytes: number(object.size.as_ref()),
            version_id: said(text(object.version_id.as_ref())),
            sequencer: said(text(object.sequencer.as_ref())),
            time: time(text(self.event_time.as_ref())),
            ..event.of(&object.key, spelling)
        })
    }

    pub(super) fn user_metadata(&self) -> Option<&Value> {
        self.s3.object.user_metadata.as_ref()
    }

    pub(super) fn metadata(&self) -> Option<&Value> {
        self.s3.object.metadata.as_ref()
    }
}

fn text(told: Option<&Value>) -> Option<&str> {
    told?.as_str()
}

/// What an event's name means. Some write `s3:` before it.
fn kind(name: &str) -> Result<Kind, Unknown> {
    let bare = name.strip_prefix("s3:").unwrap_or(name);
    let (family, detail) = bare.split_once(':').unwrap_or((bare, ""));
    match (family, detail) {
        ("ObjectTagging", _) | ("ObjectCreated", "PutTagging" | "DeleteTagging") => Ok(Kind::Tagged),
        // MinIO's names for what touches only properties of an object.
        ("ObjectCreated", "PutRetention" | "PutLegalHold")
        | ("ObjectLifecycle", "Expiration:AbortMultipartUpload")
        | (
            "ObjectAccessed"
            | "ObjectAcl"
            | "ObjectLegalHold"
            | "ObjectRestore"
            | "ObjectRetention"
            | "Replication"
            | "IntelligentTiering"
            | "LifecycleTransition",
            _,
        ) => Ok(Kind::Ignored),
        ("ObjectCreated", _) | ("ObjectSynced", "Create") => Ok(Kind::Created),
        ("ObjectRemoved" | "LifecycleExpiration" | "ReducedRedundancyLostObject", _)
        | ("ObjectSynced", "Delete" | "DeletionMarkerCreated") => Ok(Kind::Removed),
        ("ObjectLifecycle", detail) if detail.starts_with("Expiration:") => Ok(Kind::Removed),
        ("ObjectLifecycle", detail) if detail.starts_with("Transition:") => Ok(Kind::Ignored),
        _ => Err(Unknown::new(format!("eventName {name:?}"))),
    }
}
