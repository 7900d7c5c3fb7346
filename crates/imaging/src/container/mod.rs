//! Containers walked by safe code before libvips sees a byte: sizes, frames, scans, how much metadata.
//!
//! Only headers are read; everything is bounds-checked and counted in 64 bits. What metadata inflates to is counted, and not kept.
mod gif;
mod hevc;
mod iso;
mod jpeg;
mod jxl;
mod pictures;
mod png;
mod tally;
mod tiff;
mod tiles;
mod webp;

use minilab_recipe::Format;

use crate::{Error, Limits, Result, limits};

pub(crate) use jxl::{Parts as JxlParts, parts as jxl_parts};
pub(crate) use pictures::{pictures as heic_pictures, showing as heic_showing};
pub(crate) use tally::{Kind, Tally};

/// What a container says of its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) width: u64,
    pub(crate) height: u64,
    /// Must the loader agree on the size? Not where it has reasons of its own, as with frames that leave the canvas.
    pub(crate) exact: bool,
    pub(crate) whole_image: bool,
    /// Samples per pixel, where the container says it.
    pub(crate) bands: Option<u64>,
    /// Frames that the container tells of, where its loader shows one and keeps quiet about the others (APNG).
    pub(crate) frames: u32,
}

/// Reads the header of a container and refuses what is beyond the limits.
pub(crate) fn scan(format: Format, bytes: &[u8], limits: &Limits) -> Result<Header> {
    let header = match format {
        Format::Jpeg => jpeg::scan(bytes, limits),
        Format::Png => png::scan(bytes, limits),
        Format::Webp => webp::scan(bytes, limits),
        Format::Gif => gif::scan(bytes, limits),
        Format::Tiff => tiff::scan(bytes, limits),
        Format::Avif | Format::Heic => iso::scan(bytes, limits),
        // Read as a whole by safe code, header first.
        Format::Jxl | Format::Svg => {
            return Err(Error::internal(format!("{format} tells its size elsewhere")));
        }
    }?;
    limits.check_size(header.width, header.height, header.whole_image)?;
    limits::within(
        "samples per pixel",
        header.bands.unwrap_or(1),
        limits.bands_max.into(),
    )?;
    Ok(header)
}

/// Bytes that may be missing.
fn part(bytes: &[u8], at: usize, len: usize) -> Result<&[u8]> {
    at.checked_add(len)
        .and_then(|end| bytes.get(at..end))
        .ok_or_else(|| Error::truncated("it ends within its header"))
}

fn be16(bytes: &[u8], at: usize) -> Result<u16> {
    part(bytes, at, 2).map(|word| u16::from_be_bytes([word[0], word[1]]))
}

fn be32(bytes: &[u8], at: usize) -> Result<u32> {
    part(bytes, at, 4).map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
}

fn le16(bytes: &[u8], at: usize) -> Result<u16> {
    be16(bytes, at).map(u16::swap_bytes)
}

fn le32(bytes: &[u8], at: usize) -> Result<u32> {
    be32(bytes, at).map(u32::swap_bytes)
}
