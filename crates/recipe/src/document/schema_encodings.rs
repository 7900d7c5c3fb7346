//! The encoders' options as schema.
use serde_json::{Value, json};

use super::schema_parts::{Mapping, whole, words};
use crate::{AvifTune, Lane, OutputFormat, Subsampling, TiffCompression, WebpPreset};

pub(super) fn mappings() -> Vec<Mapping> {
    let formats: serde_json::Map<String, Value> = OutputFormat::ALL
        .iter()
        .map(|format| {
            let reference = json!({ "$ref": format!("#/definitions/{format}") });
            (format.as_str().to_owned(), reference)
        })
        .collect();
    vec![
        ("encodings", Value::Object(formats), &[]),
        ("avif", avif(), &[]),
        ("webp", webp(), &[]),
        ("jpeg", jpeg(), &[]),
        ("png", png(), &[]),
        ("gif", gif(), &[]),
        ("tiff", tiff(), &[]),
    ]
}

fn avif() -> Value {
    json!({
        "quality": graded(),
        "target": super::schema_quality::target(),
        "max_bytes": super::schema_quality::max_bytes(),
        "effort": effort(0, 9, "Slower and smaller."),
        "lossless": lossless(),
        "subsampling": subsampling(),
        "bits": choice(&json!([8, 10]), "Bits per sample of the file. Ten leave smooth skies without bands."),
        "tune": told(words::<AvifTune>(), "What the encoder takes for likeness."),
        "lane": lane(),
    })
}

fn webp() -> Value {
    json!({
        "quality": graded(),
        "target": super::schema_quality::target(),
        "max_bytes": super::schema_quality::max_bytes(),
        "effort": effort(0, 6, "Slower and smaller."),
        "lossless": lossless(),
        "near_lossless": flag("Lossless after pixels were moved a little to pack better: the less quality, the more."),
        "alpha_quality": told(whole(0, 100), "Of transparency; 100 is exact."),
        "smart_subsample": flag("Sharper edges of saturated colours, a little larger and slower."),
        "preset": told(words::<WebpPreset>(), "What kind of picture the encoder expects."),
        "lane": lane(),
    })
}

fn jpeg() -> Value {
    json!({
        "quality": graded(),
        "target": super::schema_quality::target(),
        "max_bytes": super::schema_quality::max_bytes(),
        "effort": effort(0, 2, "0 plain, 1 with mozjpeg's trellis and table, 2 with its search for the best scans too."),
        "progressive": flag("Several scans, coarse first."),
        "subsampling": subsampling(),
        "lane": lane(),
    })
}

fn png() -> Value {
    json!({
        "compression": told(whole(0, 9), "zlib's level."),
        "palette": flag("Reduce to a palette."),
        "colours": choice(&json!([2, 4, 16, 256]), "Most colours of the palette."),
        "quality": told(whole(1, 100), "Likeness at which fewer colours are enough."),
        "dither": dither(),
        "effort": effort(1, 10, "How long the palette is searched for."),
        "lane": lane(),
    })
}

fn gif() -> Value {
    json!({
        "effort": effort(1, 10, "How long the colours are searched for."),
        "colours": choice(&json!([2, 4, 8, 16, 32, 64, 128, 256]), "Most colours of a frame."),
        "dither": dither(),
        "lane": lane(),
    })
}

fn tiff() -> Value {
    json!({
        "compression": told(words::<TiffCompression>(), "How samples are packed."),
        "quality": told(whole(1, 100), "Of compression: jpeg."),
        "predictor": flag("Pack differences of neighbours: smaller for photos; of lzw and deflate."),
        "tiled": flag("Squares of 256 pixels in place of strips, for readers that show a part."),
        "lane": lane(),
    })
}

fn told(mut schema: Value, description: &str) -> Value {
    schema["description"] = json!(description);
    schema
}

fn choice(of: &Value, description: &str) -> Value {
    json!({ "enum": of, "description": description })
}

fn flag(description: &str) -> Value {
    json!({ "type": "boolean", "description": description })
}

/// Of a lossy format: a number or a word.
fn graded() -> Value {
    json!({ "anyOf": [whole(1, 100), super::schema_quality::level()], "description": super::schema_quality::QUALITY })
}

fn effort(least: u32, most: u32, description: &str) -> Value {
    told(whole(least, most), description)
}

fn lossless() -> Value {
    flag("Exact pixels.")
}

fn subsampling() -> Value {
    told(words::<Subsampling>(), "Is colour kept at half the resolution?")
}

fn dither() -> Value {
    json!({
        "type": "number", "minimum": 0, "maximum": 1,
        "description": "How far missing colours are mixed from those there are.",
    })
}

fn lane() -> Value {
    told(words::<Lane>(), "Which lane makes these files.")
}
