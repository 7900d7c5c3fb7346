//! Ceph's RADOS gateway, over HTTP and AMQP alike: S3's records with keys as they are and a list of metadata.
use minilab_telemetry::Producer;
use serde_json::Value;

use super::{Event, Unknown, is_mark, records::Record, spelling::Spelling};

pub(super) fn event(record: &Record) -> Result<Event, Unknown> {
    let marked = record
        .metadata()
        .and_then(Value::as_array)
        .is_some_and(|metadata| metadata.iter().filter_map(name).any(is_mark));
    Ok(Event {
        is_ours: marked,
        ..record.told_by(Producer::Ceph, Spelling::Raw)?
    })
}

fn name(entry: &Value) -> Option<&str> {
    entry.get("key")?.as_str()
}
