//! The readers of hostile bytes by themselves, before libvips sees one: no engine, no pixels.
use minilab_recipe::{Format, Probe, Size, Written};

use crate::embedded::Blocks;
use crate::{Limits, Result, Told, container, credits, decoders};

/// What a container says of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Across.
    pub width: u64,
    /// Down.
    pub height: u64,
    /// Must it be decoded as a whole?
    pub whole_image: bool,
    /// Frames that are told of.
    pub frames: u32,
}

/// One kind of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From the TIFF header on.
    Exif,
    /// As it is, or in Photoshop's resources.
    Iptc,
    /// A packet.
    Xmp,
}

/// The walk through a container.
pub fn scan(format: Format, bytes: &[u8], limits: &Limits) -> Result<Header> {
    container::scan(format, bytes, limits).map(|header| Header {
        width: header.width,
        height: header.height,
        whole_image: header.whole_image,
        frames: header.frames,
    })
}

/// Bytes of the codestream in a JPEG XL file.
pub fn codestream_bytes(bytes: &[u8], limits: &Limits) -> Result<usize> {
    container::jxl_parts(bytes, limits).map(|parts| parts.codestream.len())
}

/// What one block of metadata says.
pub fn told(kind: Kind, bytes: &[u8], probe: &Probe) -> Told {
    let blocks = match kind {
        Kind::Exif => Blocks {
            exif: Some(bytes),
            ..Blocks::default()
        },
        Kind::Iptc => Blocks {
            iptc: Some(bytes),
            ..Blocks::default()
        },
        Kind::Xmp => Blocks {
            xmp: Some(bytes),
            ..Blocks::default()
        },
    };
    blocks.read(probe)
}

/// XMP with what a recipe writes.
pub fn credited_xmp(kept: Option<Vec<u8>>, written: &Written) -> Option<Vec<u8>> {
    credits::packet(kept, written)
}

/// The size of a drawing that can be drawn.
pub fn drawing_size(bytes: &[u8], limits: &Limits) -> Result<Size> {
    decoders::probe_svg(bytes, limits).map(|probe| probe.stored)
}

/// What librsvg sees of a drawing.
pub fn clean_drawing(bytes: &[u8], size: Size) -> Result<String> {
    decoders::clean_svg(bytes, size)
}
