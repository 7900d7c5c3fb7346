//! All derivatives as the `formats` object of a Strapi upload.
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{formats, of_format};
use crate::manifest::{File, Manifest};

/// `{ "thumb": {...}, "photo-320w": {...} }`: Strapi knows one format per name, so each file of the format that every
/// browser reads; the width joins the name where a derivative has several.
pub fn strapi(manifest: &Manifest) -> Value {
    let mut entries = Map::new();
    for (name, derivative) in &manifest.derivatives {
        let Some(baseline) = formats(derivative).pop() else {
            continue;
        };
        let files = of_format(derivative, baseline);
        for file in &files {
            let name = if files.len() == 1 {
                name.clone()
            } else {
                format!("{name}-{}w", file.width)
            };
            entries.insert(name.clone(), entry(&name, file));
        }
    }
    Value::Object(entries)
}

fn entry(name: &str, file: &File) -> Value {
    let filename = file.url.rsplit('/').next().unwrap_or(&file.url);
    let path = Path::new(filename);
    let part = |part: Option<&std::ffi::OsStr>| part.and_then(|p| p.to_str()).unwrap_or_default().to_owned();
    json!({
        "name": format!("{name}.{}", part(path.extension())),
        "hash": part(path.file_stem()),
        "ext": format!(".{}", part(path.extension())),
        "mime": file.media_type,
        "path": null,
        "width": file.width,
        "height": file.height,
        // Kilobytes with two decimals, as Strapi computes it.
        "size": (file.bytes as f64 / 10.0).round() / 100.0,
        "sizeInBytes": file.bytes,
        "url": file.url,
    })
}
