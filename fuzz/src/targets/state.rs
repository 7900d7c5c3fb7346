//! What lies in the state store and beside files: records, failures, outboxes, manifests. Others may be able to write there.
use std::sync::OnceLock;

use minilab_notify::Outbox;
use minilab_protos::{manifest::Manifest, notification::Notification};
use minilab_recipe::{Document, Recipe};
use minilab_record::{FailureRecord, PublicUrls, Record, UnreadableRecord, manifest};
use serde::{Serialize, de::DeserializeOwned};

/// What can be read is written in a form that is read again as the same, and its projections are made without a panic.
pub fn run(input: &[u8]) {
    if let Some(record) = settled::<Record>(input) {
        for recipe in [None, Some(recipe())] {
            let urls = PublicUrls {
                base: "https://cdn.example.com",
                recipe,
            };
            let text =
                serde_json::to_vec(&manifest(&record, &urls)).expect("a manifest has names as keys only");
            assert!(
                settled::<Manifest>(&text).is_some(),
                "our own manifest cannot be read"
            );
        }
    }
    settled::<Manifest>(input);
    settled::<FailureRecord>(input);
    settled::<UnreadableRecord>(input);
    settled::<Outbox>(input);
    settled::<Notification>(input);
}

/// The value, if there is one. Written and read again it must be written the same.
fn settled<T: DeserializeOwned + Serialize>(input: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(input).ok()?;
    let once = serde_json::to_string(&value).expect("what was read can be written");
    let again: T = serde_json::from_str(&once).unwrap_or_else(|error| panic!("{error}: {once}"));
    let twice = serde_json::to_string(&again).expect("as before");
    assert_eq!(once, twice);
    Some(value)
}

fn recipe() -> &'static Recipe {
    static DOCUMENT: OnceLock<Document> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| Document::default_for_folders("in", "out"));
    document
        .recipes
        .values()
        .next()
        .expect("the default has a recipe")
}
