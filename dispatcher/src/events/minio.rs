//! MinIO, over webhook and AMQP alike: S3's records with the user's metadata, below `EventName` and `Key`.
use minilab_telemetry::Producer;
use serde_json::Value;

use super::{Event, Unknown, is_mark, records::Record, spelling::Spelling};

pub(super) fn event(record: &Record) -> Result<Event, Unknown> {
    let marked = record
        .user_metadata()
        .and_then(Value::as_object)
        .is_some_and(|metadata| metadata.keys().any(|name| is_mark(name)));
    Ok(Event {
        is_ours: marked,
        ..record.told_by(Producer::Minio, Spelling::Form)?
    })
}
