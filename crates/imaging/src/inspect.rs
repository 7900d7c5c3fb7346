//! The last look at a file before it leaves: no block of metadata that the recipe does not keep.
//!
//! Metadata was removed from the picture and the encoder was told so; this trusts neither.
use minilab_recipe::{Keep, OutputFormat};

use crate::container::{has_tag, item_types, png_chunks, segments, webp_chunks};
use crate::{Error, Result};

/// A block of metadata found in a file.
enum Found<'a> {
    Exif(&'a [u8]),
    /// EXIF that cannot be looked into here.
    ExifSomewhere,
    Xmp,
    Other(&'static str),
}

/// Refuses a file that carries more than it may.
pub(crate) fn check(bytes: &[u8], format: OutputFormat, keep: Keep) -> Result<()> {
    let found = match format {
        OutputFormat::Jpeg => jpeg(bytes),
        OutputFormat::Png => png(bytes),
        OutputFormat::Webp => webp(bytes),
        OutputFormat::Avif => avif(bytes),
    };
    match found.iter().find_map(|found| banned(found, keep)) {
        Some(what) => Err(Error::Leak { format, what }),
        None => Ok(()),
    }
}

const GPS_TAG: u16 = 0x8825;

fn banned(found: &Found<'_>, keep: Keep) -> Option<&'static str> {
    let keeps_exif = keep.exif || keep.copyright || keep.gps;
    match found {
        Found::Exif(_) | Found::ExifSomewhere if !keeps_exif => Some("EXIF"),
        Found::Exif(exif) if !keep.gps && has_tag(exif, GPS_TAG) => Some("a place (GPS)"),
        Found::Xmp if !keep.xmp => Some("XMP"),
        Found::Other(what) => Some(what),
        _ => None,
    }
}

fn jpeg(bytes: &[u8]) -> Vec<Found<'_>> {
    segments(bytes)
        .filter_map(|segment| match (segment.marker, segment.payload) {
            (0xe1, [b'E', b'x', b'i', b'f', 0, 0, exif @ ..]) => Some(Found::Exif(exif)),
            (0xe1, _) => Some(Found::Xmp),
            (0xe2, payload) if !payload.starts_with(b"ICC_PROFILE\0") => {
                Some(Found::Other("a second picture"))
            }
            (0xed, _) => Some(Found::Other("IPTC")),
            (0xfe, _) => Some(Found::Other("a comment")),
            _ => None,
        })
        .collect()
}

fn png(bytes: &[u8]) -> Vec<Found<'_>> {
    png_chunks(bytes)
        .filter_map(|chunk| match &chunk.kind {
            b"eXIf" => Some(Found::Exif(chunk.payload)),
            b"tEXt" | b"zTXt" | b"iTXt" if chunk.payload.starts_with(b"XML:com.adobe.xmp\0") => {
                Some(Found::Xmp)
            }
            b"tEXt" | b"zTXt" | b"iTXt" => Some(Found::Other("text")),
            _ => None,
        })
        .collect()
}

fn webp(bytes: &[u8]) -> Vec<Found<'_>> {
    webp_chunks(bytes)
        .filter_map(|(kind, payload)| match &kind {
            b"EXIF" => Some(Found::Exif(payload.strip_prefix(b"Exif\0\0").unwrap_or(payload))),
            b"XMP " => Some(Found::Xmp),
            _ => None,
        })
        .collect()
}

fn avif(bytes: &[u8]) -> Vec<Found<'_>> {
    item_types(bytes)
        .iter()
        .filter_map(|kind| match kind {
            b"Exif" => Some(Found::ExifSomewhere),
            b"mime" => Some(Found::Xmp),
            _ => None,
        })
        .collect()
}
