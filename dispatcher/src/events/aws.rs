//! Amazon S3: its notifications and its test of the connection. ministack sends the same with keys as they are.
use minilab_telemetry::Producer;
use serde_json::Value;

use super::{Event, Kind, Unknown, records::Record, said, spelling::Spelling, time};

pub(super) fn event(record: &Record) -> Result<Event, Unknown> {
    record.told_by(Producer::S3, Spelling::Form)
}

/// Sent once, when notifications of a bucket are switched on.
pub(super) fn is_test(document: &Value) -> bool {
    document.get("Event").and_then(Value::as_str) == Some("s3:TestEvent")
}

pub(super) fn test(document: &Value) -> Event {
    let field = |name| document.get(name).and_then(Value::as_str);
    Event {
        time: time(field("Time")),
        ..Event::new(
            Producer::S3,
            Kind::Ignored,
            said(field("Bucket")).unwrap_or_default(),
        )
    }
}
