//! Schema of what is shown of an original: pages, crops, one file for each face.
use serde_json::{Value, json};

use super::schema_parts::{Mapping, whole};

pub(super) fn page() -> Value {
    json!({
        "description": "Which page of an original with several (TIFF, AVIF, HEIC), from 0; the first unless given. Where there are \
                        fewer, no file, and the manifest says so. Frames of an animation are no pages: see animation.",
        "type": "integer", "minimum": 0, "maximum": 99_999,
    })
}

pub(super) fn crop() -> Value {
    json!({
        "description": "Zooms to a subject, in place of an extract.",
        "anyOf": [{ "enum": ["face", "focal"] }, { "$ref": "#/definitions/crop" }],
    })
}

pub(super) fn for_each() -> Value {
    json!({
        "description": "Made once for each face, the largest first: NAME-1, NAME-2 and so on. Where there is none, \
                        no file, unless the crop says `else`; the manifest tells it.",
        "anyOf": [{ "const": "face" }, { "$ref": "#/definitions/for_each" }],
    })
}

pub(super) fn gravity() -> Value {
    json!({ "enum": [
        "centre", "center", "north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest",
        "attention", "entropy", "focal", "face",
    ] })
}

pub(super) fn mappings() -> Vec<Mapping> {
    let gravity = gravity();
    vec![
        (
            "crop",
            json!({
                "to": { "enum": ["face", "focal"], "description": "A face, or what object metadata or XMP marks." },
                "padding": {
                    "type": "number", "minimum": 0, "maximum": 10,
                    "description": "Room on each side, as a share of the subject; 0.4 around faces, else 0.",
                },
                "pick": {
                    "anyOf": [{ "enum": ["largest", "all", "most_central"] }, whole(1, crate::FACES_MAX as u32)],
                    "default": "largest",
                    "description": "Which face; of a number, that one by size, 1 the largest.",
                },
                "closeness": {
                    "anyOf": [
                        { "enum": ["low", "medium", "high"] },
                        { "type": "number", "minimum": 0, "maximum": 1 },
                    ],
                    "default": "high",
                    "description": "0 leaves the whole picture, 1 only the subject with its padding.",
                },
                "else": {
                    "description": "Which part stays where there is no such subject; attention by default. An empty list: no file is made of a picture without a face.",
                    "anyOf": [gravity, { "type": "array", "items": gravity }],
                },
            }),
            &["to"],
        ),
        (
            "for_each",
            json!({
                "of": { "const": "face", "description": "Of what." },
                "most": {
                    "type": "integer", "minimum": 1, "maximum": super::crop::MOST_FACES_MAX,
                    "default": super::crop::MOST_FACES,
                    "description": "Faces that get files at most: the largest.",
                },
            }),
            &["of"],
        ),
    ]
}
