//! SeaweedFS: the filer's webhook tells of paths, old and new, of which those under `/buckets/` are objects.
//!
//! `event_type` is not believed: it depends on the release whether an overwrite, which has both entries at one path, is an
//! `update` or a `rename`.
use std::time::{Duration, SystemTime};

use minilab_telemetry::Producer;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Event, Kind, Unknown, is_mark, number, read, spelling::Spelling};

const BUCKETS: &str = "/buckets/";
/// Folders of the server's own, as first part of a path or of a key: parts of uploads, settings.
const INTERNAL: &[&str] = &[".uploads", ".system"];

#[derive(Deserialize)]
struct Message {
    /// Path of the old entry; of the new one where there is no old one.
    key: String,
    message: Notification,
}

#[derive(Deserialize)]
struct Notification {
    old_entry: Option<Entry>,
    new_entry: Option<Entry>,
    #[serde(default)]
    new_parent_path: String,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    name: String,
    #[serde(default)]
    is_directory: bool,
    attributes: Option<Map<String, Value>>,
    extended: Option<Map<String, Value>>,
}

pub(super) fn events(document: &Value) -> Result<Vec<Event>, Unknown> {
    let Message { key: path, message } = read(document, "SeaweedFS")?;
    let Notification {
        old_entry,
        new_entry,
        new_parent_path,
    } = message;
    let arrived_at = match &new_entry {
        Some(entry) if !new_parent_path.is_empty() => Some(format!(
            "{}/{}",
            new_parent_path.trim_end_matches('/'),
            entry.name
        )),
        Some(_) => Some(path.clone()),
        None => None,
    };
    let has_left = old_entry.is_some() && arrived_at.as_ref() != Some(&path);
    let mut events = Vec::new();
    if let (Some(entry), Some(path)) = (&new_entry, &arrived_at) {
        events.push(event(path, entry, Kind::Created));
    }
    if let Some(entry) = old_entry.filter(|_| has_left) {
        events.push(event(&path, &entry, Kind::Removed));
    }
    if events.is_empty() {
        return Err(Unknown::new("SeaweedFS: neither an old nor a new entry"));
    }
    Ok(events)
}

fn event(path: &str, entry: &Entry, kind: Kind) -> Event {
    let object = path.strip_prefix(BUCKETS).and_then(|path| path.split_once('/'));
    let Some((bucket, key)) = object.filter(|_| !entry.is_directory) else {
        return Event::new(Producer::SeaweedFs, Kind::Ignored, "");
    };
    let begins = |text: &str| INTERNAL.contains(&text.split('/').next().unwrap_or_default());
    if begins(bucket) || begins(key) {
        return Event::new(Producer::SeaweedFs, Kind::Ignored, bucket);
    }
    let event = Event::new(Producer::SeaweedFs, kind, bucket).of(key, Spelling::Raw);
    if kind == Kind::Removed {
        return event;
    }
    let attribute = |name| {
        number(
            entry
                .attributes
                .as_ref()
                .and_then(|attributes| attributes.get(name)),
        )
    };
    let marks = entry.extended.as_ref();
    Event {
        // Left out where it is 0, which a large file in pieces is, too.
        size_bytes: attribute("file_size"),
        time: attribute("mtime")
            .and_then(|seconds| SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds))),
        is_ours: marks.is_some_and(|extended| extended.keys().any(|name| is_mark(name))),
        ..event
    }
}
