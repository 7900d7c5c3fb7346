//! The mappings of overlays as schema.
use serde_json::{Map, Value, json};

use super::schema_parts::{reference, words};
use super::schema_steps::{colour, number};
use crate::{ASSET_BYTES_MAX, Blend, Font, TextAlign};

type Mapping = (&'static str, Value, &'static [&'static str]);

/// The keys of a step that lay something on a file.
pub(super) fn steps() -> Value {
    json!({
        "composite": reference("composite", "Lays a picture on the file: a logo, a frame, a background."),
        "mask": reference("mask", "Keeps of the file what a picture says, and makes the rest transparent."),
        "text": reference("text", "Writes on the file, with bundled fonts."),
    })
}

pub(super) fn mappings() -> Vec<Mapping> {
    let bytes = ASSET_BYTES_MAX >> 20;
    let image = reference("image", &format!("The picture, of at most {bytes} MiB."));
    let composite = with_laying(json!({
        "image": image,
        "width": length("How wide it becomes, in pixels or percent of the file's width; never distorted."),
        "height": length("How high it becomes; with `width`, the largest size within both."),
    }));
    let mask = json!({
        "image": image,
        "invert": { "type": "boolean", "description": "Keeps what is transparent or dark in it instead; false." },
    });
    vec![
        ("composite", composite, &["image"][..]),
        ("mask", mask, &["image"]),
        ("text", with_laying(text()), &["value"]),
        (
            "image",
            json!({
                "store": { "type": "string", "description": "A name under `stores`." },
                "key": { "type": "string", "minLength": 1, "maxLength": 1024, "description": "Of the object in it." },
            }),
            &["store", "key"],
        ),
        (
            "outline",
            json!({ "width": length("How wide, outside of the letters."), "colour": colour("Of the line.") }),
            &["width", "colour"],
        ),
        (
            "text_background",
            json!({
                "colour": colour("Of the plate."),
                "opacity": number(0.01, 1.0, "1 is opaque; 1."),
                "padding": length("How far it reaches beyond the text; 0."),
            }),
            &["colour"],
        ),
    ]
}

fn text() -> Value {
    json!({
        "value": {
            "type": "string", "minLength": 1, "maxLength": 500,
            "description": "What is written: {meta.NAME} of the object's metadata, {exif.NAME}, {iptc.NAME} and {xmp.NAME} of the picture's, {original}, {name}, {stem}; {{ and }} are braces.",
        },
        "missing": {
            "type": "string", "minLength": 1, "maxLength": 500,
            "description": "What is written where the original lacks something that `value` names; without it nothing is, and the manifest says so.",
        },
        "font": described(words::<Font>(), "The letters: parts of the Noto family, bundled; sans."),
        "size": length("Of the letters, in pixels or percent of the file's shorter side; 5%."),
        "line_height": number(0.5, 5.0, "From line to line, in sizes; 1.2."),
        "max_width": length("Lines are broken to stay within it; the file's width less the margins."),
        "align": described(words::<TextAlign>(), "Where lines lie that are shorter than the longest; left."),
        "colour": colour("Of the letters; white."),
        "outline": reference("outline", "A line around the letters."),
        "background": {
            "description": "A plate behind the text.",
            "anyOf": [{ "type": "string" }, { "$ref": "#/definitions/text_background" }],
        },
    })
}

/// What says where and how.
fn with_laying(own: Value) -> Value {
    let compass = [
        "centre",
        "center",
        "north",
        "northeast",
        "east",
        "southeast",
        "south",
        "southwest",
        "west",
        "northwest",
    ];
    let side = json!({ "type": "integer", "minimum": 1, "maximum": 16384 });
    let laying = json!({
        "gravity": { "enum": compass, "description": "Where it lies; centre, or northwest with `left` or `top`." },
        "left": length("How far to the right of there; negative: to the left."),
        "top": length("How far below; negative: above."),
        "margin": length("How far from the edges that the gravity names; 0."),
        "angle": number(-360.0, 360.0, "Degrees by which it is turned clockwise; 0."),
        "tile": { "type": "boolean", "description": "Repeats it all over the file; false." },
        "gap": length("Between tiles; 0."),
        "opacity": number(0.0, 1.0, "1 is opaque; 1."),
        "blend": described(words::<Blend>(), "How it mixes with the file, by libvips' names; over."),
        "min_canvas": {
            "description": "Width and height; smaller files do without it.",
            "type": "array", "items": side, "minItems": 2, "maxItems": 2,
        },
    });
    let (Value::Object(mut own), Value::Object(laying)) = (own, laying) else {
        unreachable!("both are written as objects");
    };
    own.extend(laying);
    Value::Object(own)
}

fn length(description: &str) -> Value {
    json!({ "type": ["number", "string"], "description": description })
}

fn described(value: Value, description: &str) -> Value {
    let mut described = Map::new();
    described.insert("description".to_owned(), json!(description));
    if let Value::Object(value) = value {
        described.extend(value);
    }
    Value::Object(described)
}
