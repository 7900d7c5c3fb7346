//! Derivatives as `<picture>` elements to paste into a page: one alone, or another on each kind of screen.
use super::{formats, of_format};
use crate::manifest::{File, Manifest, PictureSet};

/// How wide a picture is laid out where nobody says.
const SIZES: &str = "100vw";

/// `<picture>` with a `<source>` per better format and the baseline as `<img>`; `None` if the derivative has no file.
///
/// `alt` and `sizes` are for the author to fill in: what is shown and how wide no manifest knows.
pub fn picture(manifest: &Manifest, derivative: &str) -> Option<String> {
    let alone = PictureSet {
        media: None,
        derivative: derivative.to_owned(),
        sizes: None,
    };
    element(manifest, &[alone])
}

/// The same for one of the manifest's pictures: the sources of each set carry its media condition. Sets of which nothing is
/// there yet are left out; `None` if nothing is there for all other screens.
pub fn art_directed(manifest: &Manifest, picture: &str) -> Option<String> {
    element(manifest, &manifest.pictures.get(picture)?.sets)
}

fn element(manifest: &Manifest, sets: &[PictureSet]) -> Option<String> {
    let (fallback, others) = sets.split_last()?;
    let mut lines = vec!["<picture>".to_owned()];
    for set in others {
        lines.extend(sources(manifest, set, 0).unwrap_or_default());
    }
    let derivative = manifest.derivatives.get(&fallback.derivative)?;
    let baseline = of_format(derivative, formats(derivative).pop()?);
    let largest = baseline.last()?;
    lines.extend(sources(manifest, fallback, 1)?);
    let several = if baseline.len() > 1 {
        candidates(&baseline, fallback)
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

/// A `<source>` per format, best first, but for the `less` last.
fn sources(manifest: &Manifest, set: &PictureSet, less: usize) -> Option<Vec<String>> {
    let derivative = manifest.derivatives.get(&set.derivative)?;
    let formats = formats(derivative);
    let wanted = formats.len().saturating_sub(less);
    let source = |format: &&str| {
        let files = of_format(derivative, format);
        let largest = files.last()?;
        // Another shape on some screens: the room that is kept for it has to follow.
        let condition = set.media.as_ref().map_or_else(String::new, |media| {
            let (width, height) = (largest.width, largest.height);
            format!(
                " media=\"{}\" width=\"{width}\" height=\"{height}\"",
                escaped(media)
            )
        });
        let kind = escaped(&largest.media_type);
        let candidates = candidates(&files, set);
        Some(format!("  <source{condition} type=\"{kind}\"{candidates}>"))
    };
    Some(formats.iter().take(wanted).filter_map(source).collect())
}

/// Several widths are the browser's choice by `sizes`; a single file needs neither.
fn candidates(files: &[&File], set: &PictureSet) -> String {
    if let [only] = files {
        return format!(" srcset=\"{}\"", escaped(&only.url));
    }
    let list: Vec<String> = files
        .iter()
        .map(|file| format!("{} {}w", escaped(&file.url), file.width))
        .collect();
    let sizes = escaped(set.sizes.as_deref().unwrap_or(SIZES));
    format!(" srcset=\"{}\" sizes=\"{sizes}\"", list.join(", "))
}

/// For attribute values in double quotes. URLs are percent-encoded already; a base URL may still hold `&`.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
