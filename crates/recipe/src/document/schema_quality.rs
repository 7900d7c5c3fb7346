//! The schema of how good files must be: words, looks, byte budgets.
use serde_json::{Value, json};

use super::aim::LEVELS;
use super::schema_parts::{Mapping, whole};
use crate::Look;

pub(super) const QUALITY: &str = "Of the format's own scale, or a word for one look in all formats: high scores about 82 by \
     SSIMULACRA2, medium (the default) about 76, low about 67.";

pub(super) fn mappings() -> Vec<Mapping> {
    let bound = |default: u8, description: &str| {
        let mut bound = whole(1, 100);
        bound["default"] = json!(default);
        bound["description"] = json!(description);
        bound
    };
    vec![(
        "perceptual_target",
        json!({
            "ssimulacra2": {
                "type": "number", "minimum": 30, "maximum": 95,
                "description": "The score to reach: 90 cannot be told from the original side by side, 70 is good, 50 is poor.",
            },
            "min": bound(Look::QUALITY_MIN, "No worse quality is tried."),
            "max": bound(Look::QUALITY_MAX, "No better quality is tried; where it does not reach the score, the file is noted as target_missed."),
        }),
        &["ssimulacra2"],
    )]
}

/// One of the words.
pub(super) fn level() -> Value {
    json!({ "enum": LEVELS.map(|(word, _)| word) })
}

pub(super) fn for_all() -> Value {
    let mut level = level();
    level["description"] = json!("The quality of all formats of the derivative, as one look.");
    level
}

pub(super) fn target() -> Value {
    json!({
        "description": "The look that the quality is searched for, in at most 6 encodings; the score is in the manifest.",
        "allOf": [{ "$ref": "#/definitions/perceptual_target" }],
    })
}

pub(super) fn max_bytes() -> Value {
    json!({
        "type": ["string", "integer"],
        "description": "A file that would be longer, such as 30kB, gets the best quality that is not, down to 10; one that is longer \
             even so is noted as bytes_missed.",
    })
}

pub(super) fn keep_smaller() -> Value {
    json!({
        "type": "boolean", "default": false,
        "description": "Drops a file that came out larger than that of the next format of `formats`, of the same size; the manifest \
             says so. The formats are made in one lane, and stable URLs cannot be had with it.",
    })
}
