//! WebP: RIFF chunks, the canvas, lossy or lossless.
use minilab_inspect::webp_chunks;

use super::{Header, Kind, Tally, le16, le32, part};
use crate::{Error, Limits, Result, limits};

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let declared = u64::from(le32(bytes, 4)?) + 8;
    if declared > bytes.len() as u64 {
        return Err(Error::truncated(format!(
            "it says that it has {declared} bytes and has {}",
            bytes.len()
        )));
    }
    let mut tally = Tally::default();
    let mut canvas = None;
    let mut frames = 0_u64;
    let mut lossless = false;
    for (kind, payload) in webp_chunks(bytes) {
        match &kind {
            b"VP8X" => canvas = Some((u24(payload, 4)? + 1, u24(payload, 7)? + 1)),
            b"VP8 " => canvas = canvas.or(Some(lossy(payload)?)),
            b"VP8L" => {
                lossless = true;
                canvas = canvas.or(Some(lossless_size(payload)?));
            }
            b"ANMF" => {
                frames += 1;
                limits::within("frames", frames, limits.frames_max.into())?;
                continue;
            }
            b"EXIF" => tally.metadata(Kind::Exif, payload.len() as u64, limits)?,
            b"XMP " => tally.metadata(Kind::Xmp, payload.len() as u64, limits)?,
            b"ICCP" => tally.metadata(Kind::Icc, payload.len() as u64, limits)?,
            _ => {}
        }
        tally.chunk(limits)?;
    }
    let (width, height) = canvas.ok_or_else(|| Error::truncated("it ends before its picture"))?;
    Ok(Header {
        bands: None,
        frames: 1,
        width,
        height,
        exact: true,
        whole_image: lossless || frames > 0,
    })
}

fn u24(bytes: &[u8], at: usize) -> Result<u64> {
    part(bytes, at, 3).map(|word| u64::from(word[0]) | u64::from(word[1]) << 8 | u64::from(word[2]) << 16)
}

/// The key frame's header: three bytes of tag, three of start code, two sides of 14 bits.
fn lossy(payload: &[u8]) -> Result<(u64, u64)> {
    Ok((
        (le16(payload, 6)? & 0x3fff).into(),
        (le16(payload, 8)? & 0x3fff).into(),
    ))
}

/// One byte of signature, two sides less one of 14 bits.
fn lossless_size(payload: &[u8]) -> Result<(u64, u64)> {
    let sides = le32(payload, 1)?;
    Ok((u64::from(sides & 0x3fff) + 1, u64::from(sides >> 14 & 0x3fff) + 1))
}
