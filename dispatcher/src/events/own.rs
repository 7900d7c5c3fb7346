//! Our own form, for whoever has something to say of an original that its store does not know:
//! `{ "minilab": 1, "bucket": "acme-uploads", "key": "uploads/a.jpg", "focal": "0.3,0.55" }`.
//!
//! `time`, when it was said, is now unless it is given; with `etag` it is of that upload alone.
use minilab_recipe::Area;
use minilab_telemetry::Producer;
use serde::Deserialize;
use serde_json::Value;

use super::{Event, Kind, Unknown, etag, read, spelling::Spelling, time};

/// The version of the form.
const VERSION: u64 = 1;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    minilab: u64,
    bucket: String,
    /// As it is.
    key: String,
    focal: Option<String>,
    etag: Option<String>,
    time: Option<String>,
}

pub(super) fn event(document: &Value) -> Result<Event, Unknown> {
    let message: Message = read(document, "minilab")?;
    if message.minilab != VERSION {
        let reason = format!(
            "version {} of our own form, of which {VERSION} is read",
            message.minilab
        );
        return Err(Unknown::new(reason));
    }
    // Empty: what was said before holds no more.
    let is_read = |focal: &&String| focal.is_empty() || Area::from_metadata(focal).is_some();
    if let Some(focal) = message.focal.as_ref().filter(|focal| !is_read(focal)) {
        let reason = format!("the focal {focal:?} is no point (0.3,0.55) or rectangle (0.3,0.1,0.4,0.4)");
        return Err(Unknown::new(reason));
    }
    let event = Event::new(Producer::Sender, Kind::Created, message.bucket);
    Ok(Event {
        etag: etag(message.etag.as_deref()),
        time: time(message.time.as_deref()),
        focal: message.focal,
        ..event.of(&message.key, Spelling::Raw)
    })
}
