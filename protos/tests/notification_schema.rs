//! What is published of the notification's form agrees with the types.

use std::fs;

use minilab_protos::notification::{Kind, Notification, notification_schema};

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schema/notification.schema.json");
const SAMPLE: &str = include_str!("../samples/notification.v1.json");

#[test]
fn published_schema_of_notifications_is_that_of_the_types() {
    let current = serde_json::to_string_pretty(&notification_schema()).unwrap() + "\n";
    if std::env::var_os("MINILAB_REGENERATE").is_some() {
        fs::write(SCHEMA, &current).unwrap();
    }
    assert!(
        fs::read_to_string(SCHEMA).unwrap_or_default() == current,
        "protos/schema/notification.schema.json is out of date; regenerate it with\n  MINILAB_REGENERATE=1 cargo nextest run \
         -p minilab-protos",
    );
}

#[test]
fn golden_sample_of_a_notification_is_read_and_written_whole() {
    let read: Notification = serde_json::from_str(SAMPLE).unwrap();
    assert_eq!(read.kind, Kind::Ready);
    let sample: serde_json::Value = serde_json::from_str(SAMPLE).unwrap();
    assert_eq!(
        serde_json::to_value(&read).unwrap(),
        sample,
        "within one version fields are only added"
    );
}
