//! Real and documented messages of every producer, and the normal form of each. Their origins are in `events/README.md`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says so by a panic")]
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use minilab_dispatcher::events::{Event, normalise};
use minilab_telemetry::Label as _;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/events")
}

/// Names and bytes, by name.
fn messages() -> Vec<(String, Vec<u8>)> {
    let mut found: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .map(|path| {
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    found.sort();
    found
}

fn told(event: &Event) -> String {
    let mut told = format!("{} {:?} {:?}", event.producer.as_str(), event.kind, event.bucket);
    let mut say = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            told.extend(["\n    ", name, " ", &value]);
        }
    };
    for key in &event.keys {
        say("key", Some(format!("{:?}", key.as_str())));
    }
    say(
        "refused",
        event.refused.first().map(|refused| format!("{refused:?}")),
    );
    say("etag", event.etag.as_ref().map(ToString::to_string));
    say("size", event.size_bytes.map(|size| size.to_string()));
    say("version", event.version_id.clone());
    say("sequencer", event.sequencer.clone());
    say(
        "time",
        event
            .time
            .map(|time| Timestamp::try_from(time).unwrap().to_string()),
    );
    say("is", event.is_ours.then(|| "ours".to_owned()));
    told
}

#[test]
fn every_producers_message_has_its_normal_form() {
    let forms: Vec<_> = messages()
        .into_iter()
        .map(|(name, bytes)| {
            let form = match normalise(&bytes) {
                Ok(events) => events.iter().map(told).collect::<Vec<_>>().join("\n  "),
                Err(unknown) => unknown.to_string(),
            };
            format!("{name}\n  {form}")
        })
        .collect();
    insta::assert_snapshot!(forms.join("\n\n"));
}

#[test]
fn every_message_names_its_origin() {
    let readme = fs::read_to_string(folder().join("README.md")).unwrap();
    let named: BTreeSet<_> = readme
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| Path::new(word).extension().is_some_and(|end| end == "json"))
        .collect();
    let messages = messages();
    let there: BTreeSet<_> = messages.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(named, there);
}
