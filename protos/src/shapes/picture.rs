//! One derivative as a `<picture>` element to paste into a page.
use super::{formats, of_format};
use crate::manifest::{File, Manifest};

/// `<picture>` with a `<source>` per better format and the baseline as `<img>`; `None` if the derivative has no file.
///
/// `alt` and `sizes` are for the author to fill in: what is shown and how wide no manifest knows.
pub fn picture(manifest: &Manifest, derivative: &str) -> Option<String> {
    let derivative = manifest.derivatives.get(derivative)?;
    let mut formats = formats(derivative);
    let baseline = of_format(derivative, formats.pop()?);
    let largest = baseline.last()?;
    let mut lines = vec!["<picture>".to_owned()];
    for format in formats {
        let files = of_format(derivative, format);
        let kind = &files.first()?.media_type;
        lines.push(format!(
            "  <source type=\"{}\"{}>",
            escaped(kind),
            candidates(&files)
        ));
    }
    let several = if baseline.len() > 1 {
        candidates(&baseline)
    } else {
        String::new()
    };
    let (src, width, height) = (escaped(&largest.url), largest.width, largest.height);
    lines.push(format!(
        "  <img src=\"{src}\"{several} width=\"{width}\" height=\"{height}\" alt=\"\" loading=\"lazy\">"
    ));
    lines.push("</picture>\n".to_owned());
    Some(lines.join("\n"))
}

/// Several widths are the browser's choice by `sizes`; a single file needs neither.
fn candidates(files: &[&File]) -> String {
    if let [only] = files {
        return format!(" srcset=\"{}\"", escaped(&only.url));
    }
    let list: Vec<String> = files
        .iter()
        .map(|file| format!("{} {}w", escaped(&file.url), file.width))
        .collect();
    format!(" srcset=\"{}\" sizes=\"100vw\"", list.join(", "))
}

/// For attribute values in double quotes. URLs are percent-encoded already; a base URL may still hold `&`.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
