//! Every byte of a file belongs to a block, and every block is one that its picture needs or its recipe keeps.
mod found;
#[cfg(test)]
mod tests;

use minilab_recipe::OutputFormat;

use crate::allowed::Allowed;
use crate::{exif, iptc, xmp};

/// A block of metadata found in a file.
enum Found<'a> {
    Icc,
    Exif(&'a [u8]),
    /// EXIF that cannot be looked into here.
    ExifSomewhere,
    /// And what it says, where that can be looked into here.
    Xmp(Option<&'a [u8]>),
    Iptc(&'a [u8]),
    Other(&'static str),
}

/// Refuses a file that carries more than it may; says what. That it is of its format is looked at elsewhere.
pub fn check(bytes: &[u8], format: OutputFormat, allowed: Allowed) -> Result<(), &'static str> {
    let found = match format {
        OutputFormat::Jpeg => found::jpeg(bytes),
        OutputFormat::Png => found::png(bytes),
        OutputFormat::Webp => found::webp(bytes),
        OutputFormat::Avif => found::avif(bytes),
        OutputFormat::Gif => found::gif(bytes),
        OutputFormat::Tiff => found::tiff(bytes),
    };
    match found.iter().find_map(|found| banned(found, allowed)) {
        Some(what) => Err(what),
        None => Ok(()),
    }
}

fn banned(found: &Found<'_>, allowed: Allowed) -> Option<&'static str> {
    let has_exif = allowed.exif || allowed.credits || allowed.gps;
    match found {
        Found::Icc if !allowed.icc => Some("a colour profile"),
        Found::Exif(_) | Found::ExifSomewhere if !has_exif => Some("EXIF"),
        Found::Exif(block) => exif::banned(block, allowed),
        Found::Xmp(_) if !allowed.xmp => Some("XMP"),
        Found::Xmp(Some(packet)) if !allowed.gps && xmp::names_place(packet) => Some("a place (GPS in XMP)"),
        Found::Iptc(_) if !allowed.iptc => Some("IPTC"),
        Found::Iptc(block) if !iptc::is_alone(block) => Some("more than IPTC in its Photoshop block"),
        Found::Other(what) => Some(what),
        Found::Icc | Found::ExifSomewhere | Found::Xmp(_) | Found::Iptc(_) => None,
    }
}
