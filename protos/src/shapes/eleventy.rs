//! One derivative as the statistics object of `@11ty/eleventy-img`, for templates written against it.
use serde_json::{Map, Value, json};

use super::{formats, of_format};
use crate::manifest::Manifest;

/// `{ "webp": [{ format, width, height, url, sourceType, srcset, filename, outputPath, size }] }`, formats best first,
/// widths rising; `None` if there is no such derivative.
pub fn eleventy(manifest: &Manifest, derivative: &str) -> Option<Value> {
    let derivative = manifest.derivatives.get(derivative)?;
    let mut stats = Map::new();
    for format in formats(derivative) {
        let files = of_format(derivative, format).into_iter().map(|file| {
            json!({
                "format": file.format,
                "width": file.width,
                "height": file.height,
                "url": file.url,
                "sourceType": file.media_type,
                "srcset": format!("{} {}w", file.url, file.width),
                "filename": file.url.rsplit('/').next(),
                // Nothing was written to the site's own folder; templates use it only as an identity.
                "outputPath": file.url,
                "size": file.bytes,
            })
        });
        stats.insert(format.to_owned(), files.collect());
    }
    Some(Value::Object(stats))
}
