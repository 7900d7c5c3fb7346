//! The notification: what receivers outside are told of one original, a CloudEvents 1.0 event in JSON.
//!
//! Public API. Within one `schema` version fields are only added; readers ignore fields they do not know.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::manifest::{Original, Status};

/// Version of the form of `data` that this build writes.
pub const NOTIFICATION_SCHEMA: u32 = 1;
/// Media type of a notification.
pub const NOTIFICATION_MEDIA_TYPE: &str = "application/cloudevents+json";

/// Something that became true of one original. It may come more than once, with the same `id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Notification {
    /// Version of CloudEvents: `1.0`.
    pub specversion: String,
    /// Digest of what is said, hex. What was said before has the same; an upload that comes back, and a second deletion, have
    /// another.
    pub id: String,
    /// Which installation says it: where its files are read, or `minilab`.
    pub source: String,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Key of the original.
    pub subject: String,
    /// When it became true, RFC 3339.
    pub time: String,
    /// Media type of `data`: `application/json`.
    pub datacontenttype: String,
    /// All that is known of it.
    pub data: Told,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    /// A lane's files are there; some may be missing, `status` and `failures` say so.
    #[serde(rename = "dev.minilab.derivatives.ready")]
    Ready,
    /// All lanes are decided.
    #[serde(rename = "dev.minilab.derivatives.complete")]
    Complete,
    /// Nothing of a lane can be made; `failures` says why.
    #[serde(rename = "dev.minilab.derivatives.failed")]
    Failed,
    /// The original is gone, and nothing is published of it any more.
    #[serde(rename = "dev.minilab.derivatives.deleted")]
    Deleted,
}

impl Kind {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "dev.minilab.derivatives.ready",
            Self::Complete => "dev.minilab.derivatives.complete",
            Self::Failed => "dev.minilab.derivatives.failed",
            Self::Deleted => "dev.minilab.derivatives.deleted",
        }
    }
}

/// What a notification tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// Version of this form: 1.
    pub schema: u32,
    /// The upload; only its key once it is deleted.
    pub original: Original,
    /// Which lanes this tells of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lanes: Vec<String>,
    /// How much there is of what was asked in these lanes.
    pub status: Status,
    /// Their files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ToldFile>,
    /// How many files are not listed here because a message is limited; the manifest lists them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub files_left_out: u32,
    /// What could not be made in them, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<ToldFailure>,
    /// Where everything is listed that is published now.
    pub manifest: Link,
}

/// One stored file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToldFile {
    /// Of which derivative.
    pub derivative: String,
    /// Its key in the store of files.
    pub key: String,
    /// Where it is; its content never changes.
    pub url: String,
    /// Media type.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Length.
    pub bytes: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
}

/// One thing that could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToldFailure {
    /// Which derivative; absent: the original as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derivative: Option<String>,
    /// `input`, `poison`, ...
    pub class: String,
    /// Stable code.
    pub code: String,
    /// For people.
    pub sentence: String,
}

/// Something stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Link {
    /// Its key in the store of files.
    pub key: String,
    /// Where it is.
    pub url: String,
}

/// The JSON Schema (draft-07) of [`Notification`], as published in `schema/notification.schema.json`.
pub fn notification_schema() -> serde_json::Value {
    let generator = schemars::generate::SchemaSettings::draft07().into_generator();
    generator.into_root_schema_for::<Notification>().to_value()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_written_as_they_are_named() {
        for kind in [Kind::Ready, Kind::Complete, Kind::Failed, Kind::Deleted] {
            assert_eq!(
                serde_json::to_value(kind).ok().as_ref().and_then(|v| v.as_str()),
                Some(kind.as_str())
            );
        }
    }
}
