//! Amazon EventBridge: one event about S3, in a target's queue.
use minilab_telemetry::Producer;
use serde::Deserialize;
use serde_json::Value;

use super::{Event, Kind, Unknown, etag, number, read, said, spelling::Spelling, time};

#[derive(Deserialize)]
struct Message {
    #[serde(rename = "detail-type")]
    detail_type: String,
    source: String,
    time: Option<String>,
    detail: Detail,
}

#[derive(Deserialize)]
struct Detail {
    bucket: Bucket,
    object: Object,
}

#[derive(Deserialize)]
struct Bucket {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Object {
    key: String,
    size: Option<Value>,
    /// moto writes `eTag`.
    #[serde(alias = "eTag")]
    etag: Option<String>,
    version_id: Option<String>,
    sequencer: Option<String>,
}

pub(super) fn event(document: &Value) -> Result<Event, Unknown> {
    let message: Message = read(document, "EventBridge")?;
    if message.source != "aws.s3" {
        return Err(Unknown::new(format!("EventBridge source {:?}", message.source)));
    }
    let kind = match message.detail_type.as_str() {
        "Object Created" => Kind::Created,
        // Also of a delete marker and of an expiration.
        "Object Deleted" => Kind::Removed,
        "Object Tags Added" | "Object Tags Deleted" => Kind::Tagged,
        other if other.starts_with("Object ") => Kind::Ignored,
        other => return Err(Unknown::new(format!("EventBridge detail-type {other:?}"))),
    };
    let object = message.detail.object;
    let event = Event::new(Producer::EventBridge, kind, message.detail.bucket.name);
    Ok(Event {
        etag: etag(object.etag.as_deref()),
        size_bytes: number(object.size.as_ref()),
        version_id: said(object.version_id.as_deref()),
        sequencer: said(object.sequencer.as_deref()),
        time: time(message.time.as_deref()),
        ..event.of(&object.key, Spelling::Unsaid)
    })
}
