//! MinIO, over webhook and AMQP alike: S3's records with the user's metadata, below `EventName` and `Key`.
use minilab_telemetry::Producer;
use serde_json::Value;

use super::{Event, Unknown, is_mark, records::Record, spelling::Spelling};

/// `whole` is the object's name below its bucket's, as it is: of the readings of the record's key it tells the one that is meant.
/// Without it every upload into a folder would be two jobs, because the record spells `/` as `%2F`.
pub(super) fn event(record: &Record, whole: Option<&str>) -> Result<Event, Unknown> {
    let marked = record
        .user_metadata()
        .and_then(Value::as_object)
        .is_some_and(|metadata| metadata.keys().any(|name| is_mark(name)));
    let mut event = record.told_by(Producer::Minio, Spelling::Form)?;
    let name = whole
        .and_then(|whole| whole.strip_prefix(&event.bucket))
        .and_then(|name| name.strip_prefix('/'));
    if let Some(name) = name
        && event.keys.iter().any(|key| key.as_str() == name)
    {
        event.keys.retain(|key| key.as_str() == name);
    }
    Ok(Event {
        is_ours: marked,
        ..event
    })
}
