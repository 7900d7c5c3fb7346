//! Where originals come from, and which events concern it.
use minilab_recipe::{Document, Location, S3};
use minilab_store::Key;
use minilab_telemetry::EventResult;

use crate::{
    Change, Hint,
    events::{Event, Kind},
};

/// Our part of a bucket.
#[derive(Debug)]
pub(super) struct Origin {
    /// `None`: originals lie in a folder, which no event is about.
    bucket: Option<S3>,
    /// Prefixes in the same bucket below which minilab itself writes.
    ours: Vec<String>,
    /// Does any recipe read tags of originals?
    reads_tags: bool,
}

impl Origin {
    pub(super) fn of(document: &Document) -> Self {
        let Location::S3(from) = &document.from else {
            return Self {
                bucket: None,
                ours: Vec::new(),
                reads_tags: false,
            };
        };
        let ours = [Some(&document.to.location), document.state.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|place| match place {
                Location::S3(place) if place.is_same_bucket(from) => Some(place.prefix.clone()),
                Location::S3(_) | Location::Folder(_) => None,
            })
            .collect();
        Self {
            bucket: Some(from.clone()),
            ours,
            reads_tags: document.recipes.values().any(|recipe| recipe.read_tags),
        }
    }

    /// What an event lets us suppose, one hint for each name the original may have; or why nothing.
    pub(super) fn hints(&self, event: &Event) -> Result<Vec<Hint>, EventResult> {
        let change = match event.kind {
            Kind::Created => Change::Uploaded,
            Kind::Tagged if self.reads_tags => Change::Uploaded,
            Kind::Removed => Change::Removed,
            Kind::Tagged | Kind::Ignored => return Err(EventResult::Ignored),
        };
        let Some(from) = self.bucket.as_ref().filter(|from| from.bucket == event.bucket) else {
            return Err(EventResult::Foreign);
        };
        // Folder markers of consoles, mostly. What was overwritten with nothing is found by reconcile.
        if change == Change::Uploaded && event.size_bytes == Some(0) {
            return Err(EventResult::Empty);
        }
        let is_ours = |key: &Key| self.ours.iter().any(|prefix| key.as_str().starts_with(prefix));
        if event.is_ours || event.keys.iter().any(is_ours) {
            return Err(EventResult::Ours);
        }
        let hints: Vec<_> = event
            .keys
            .iter()
            .filter_map(|key| Key::new(key.as_str().strip_prefix(&*from.prefix)?).ok())
            .map(|key| Hint::new(key, change, event.producer))
            .enumerate()
            .map(|(nth, hint)| if nth == 0 { described(hint, event) } else { hint })
            .collect();
        match (hints.is_empty(), event.keys.is_empty()) {
            (false, _) => Ok(hints),
            (true, true) => Err(EventResult::Refused),
            (true, false) => Err(EventResult::Outside),
        }
    }
}

/// Only the likeliest name of an upload is described: a worker waits for the version that was announced, and neither of two
/// names both can be it nor does a removal announce one, though some tell the version that is gone.
fn described(hint: Hint, event: &Event) -> Hint {
    let hint = Hint {
        event_time: event.time,
        focal: event.focal.clone(),
        ..hint
    };
    if hint.change != Change::Uploaded {
        return hint;
    }
    Hint {
        etag: event.etag.clone(),
        version_id: event.version_id.clone(),
        size_bytes: event.size_bytes,
        ..hint
    }
}
