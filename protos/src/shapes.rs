//! Manifests in the shapes that front ends know: `minilab manifest KEY --as picture|eleventy|strapi`.
mod eleventy;
mod picture;
mod strapi;

pub use eleventy::eleventy;
pub use picture::{art_directed, picture};
pub use strapi::strapi;

use crate::manifest::{Derivative, File};

/// Formats from the smallest files to the one that every browser reads; a page names them in this order.
const BEST_FIRST: [&str; 4] = ["avif", "webp", "jpeg", "png"];

/// The derivative's formats, best first; the last is the fallback. Formats of a later release come before the rest.
fn formats(derivative: &Derivative) -> Vec<&str> {
    let mut formats: Vec<&str> = derivative.files.iter().map(|file| file.format.as_str()).collect();
    formats.sort_by_key(|format| (BEST_FIRST.iter().position(|known| known == format), *format));
    formats.dedup();
    formats
}

/// Its files of one format, small before large.
fn of_format<'a>(derivative: &'a Derivative, format: &str) -> Vec<&'a File> {
    let mut files: Vec<&File> = derivative
        .files
        .iter()
        .filter(|file| file.format == format)
        .collect();
    files.sort_by_key(|file| (file.width, file.height));
    files
}
