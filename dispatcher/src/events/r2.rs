//! Cloudflare R2: the message of an event notification's queue, forwarded by a consumer.
use minilab_telemetry::Producer;
use serde::Deserialize;
use serde_json::Value;

use super::{Event, Kind, Unknown, etag, number, read, spelling::Spelling, time};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    action: String,
    bucket: String,
    object: Object,
    event_time: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Object {
    key: String,
    size: Option<Value>,
    e_tag: Option<String>,
}

pub(super) fn event(document: &Value) -> Result<Event, Unknown> {
    let message: Message = read(document, "R2")?;
    let kind = match message.action.as_str() {
        "PutObject" | "CopyObject" | "CompleteMultipartUpload" => Kind::Created,
        "DeleteObject" | "LifecycleDeletion" => Kind::Removed,
        other => return Err(Unknown::new(format!("R2 action {other:?}"))),
    };
    let object = message.object;
    let event = Event::new(Producer::R2, kind, message.bucket);
    Ok(Event {
        etag: etag(object.e_tag.as_deref()),
        size_bytes: number(object.size.as_ref()),
        time: time(message.event_time.as_deref()),
        ..event.of(&object.key, Spelling::Raw)
    })
}
