//! The last look at a file before it leaves: no block of metadata that the recipe does not keep.
//!
//! Metadata was removed from the picture and the encoder was told so; this trusts neither.
use minilab_recipe::{Keep, OutputFormat};

use crate::container::{gif_extensions, has_tag, item_types, png_chunks, segments, tiff_tags, webp_chunks};
use crate::{Error, Result, iptc, xmp};

/// A block of metadata found in a file.
enum Found<'a> {
    Exif(&'a [u8]),
    /// EXIF that cannot be looked into here.
    ExifSomewhere,
    /// And what it says, where that can be looked into here.
    Xmp(Option<&'a [u8]>),
    Iptc(&'a [u8]),
    Other(&'static str),
}

/// Refuses a file that carries more than it may.
pub(crate) fn check(bytes: &[u8], format: OutputFormat, keep: Keep) -> Result<()> {
    let found = match format {
        OutputFormat::Jpeg => jpeg(bytes),
        OutputFormat::Png => png(bytes),
        OutputFormat::Webp => webp(bytes),
        OutputFormat::Avif => avif(bytes),
        OutputFormat::Gif => gif(bytes),
        OutputFormat::Tiff => tiff(bytes),
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
        Found::Xmp(_) if !keep.xmp => Some("XMP"),
        Found::Xmp(Some(packet)) if !keep.gps && xmp::names_place(packet) => Some("a place (GPS in XMP)"),
        Found::Iptc(_) if !keep.iptc => Some("IPTC"),
        Found::Iptc(block) if !iptc::is_alone(block) => Some("more than IPTC in its Photoshop block"),
        Found::Other(what) => Some(what),
        _ => None,
    }
}

fn jpeg(bytes: &[u8]) -> Vec<Found<'_>> {
    segments(bytes)
        .filter_map(|segment| match (segment.marker, segment.payload) {
            (0xe1, [b'E', b'x', b'i', b'f', 0, 0, exif @ ..]) => Some(Found::Exif(exif)),
            (0xe1, payload) => {
                let named = payload.strip_prefix(b"http://ns.adobe.com/xap/1.0/\0");
                Some(Found::Xmp(Some(named.unwrap_or(payload))))
            }
            (0xe2, payload) if !payload.starts_with(b"ICC_PROFILE\0") => {
                Some(Found::Other("a second picture"))
            }
            (0xed, payload) => Some(Found::Iptc(payload)),
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
                // After its keyword: compression, its method, a language and a translation, both empty.
                let packet = &chunk.payload[b"XML:com.adobe.xmp\0".len()..];
                let is_plain = &chunk.kind == b"iTXt" && packet.starts_with(&[0; 4]);
                Some(Found::Xmp(is_plain.then(|| &packet[4..])))
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
            b"XMP " => Some(Found::Xmp(Some(payload))),
            _ => None,
        })
        .collect()
}

fn avif(bytes: &[u8]) -> Vec<Found<'_>> {
    item_types(bytes)
        .iter()
        .filter_map(|kind| match kind {
            b"Exif" => Some(Found::ExifSomewhere),
            b"mime" => Some(Found::Xmp(None)),
            _ => None,
        })
        .collect()
}

fn gif(bytes: &[u8]) -> Vec<Found<'_>> {
    gif_extensions(bytes)
        .filter_map(|(label, payload)| match (label, payload) {
            // The latter: how often it plays.
            (GIF_CONTROL, _) | (GIF_APPLICATION, b"NETSCAPE2.0") => None,
            (GIF_APPLICATION, b"XMP DataXMP") => Some(Found::Xmp(None)),
            (GIF_COMMENT, _) => Some(Found::Other("a comment")),
            _ => Some(Found::Other("an extension")),
        })
        .collect()
}

const GIF_CONTROL: u8 = 0xf9;
const GIF_APPLICATION: u8 = 0xff;
const GIF_COMMENT: u8 = 0xfe;

fn tiff(bytes: &[u8]) -> Vec<Found<'_>> {
    let Some(tags) = tiff_tags(bytes) else {
        return vec![Found::Other("directories that cannot be read")];
    };
    tags.iter()
        .filter_map(|tag| match tag {
            0x2bc => Some(Found::Xmp(None)),
            0x8769 | 0x8825 => Some(Found::ExifSomewhere),
            0x83bb => Some(Found::Other("IPTC")),
            // The picture's form and its colour profile.
            tag if TIFF_FORM.contains(tag) => None,
            _ => Some(Found::Other("a tag of its own")),
        })
        .collect()
}

/// Size, samples, packing, strips and tiles, resolution, colours, tables of a JPEG inside, the profile.
const TIFF_FORM: [u16; 32] = [
    0xfe, 0x100, 0x101, 0x102, 0x103, 0x106, 0x10a, 0x111, 0x112, 0x115, 0x116, 0x117, 0x11a, 0x11b, 0x11c,
    0x128, 0x129, 0x13d, 0x13e, 0x13f, 0x142, 0x143, 0x144, 0x145, 0x152, 0x153, 0x15b, 0x211, 0x212, 0x213,
    0x214, 0x8773,
];
