//! WebP: RIFF chunks, the canvas, lossy or lossless.
use super::{Header, Tally, le16, le32, part};
use crate::{Error, Limits, Result, limits};

/// Chunks with their type, in order, up to the end or to damage.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = 12_usize;
    std::iter::from_fn(move || {
        let kind = *bytes.get(at..)?.first_chunk::<4>()?;
        let len = le32(bytes, at + 4).ok()? as usize;
        let rest = bytes.get(at + 8..)?;
        let payload = &rest[..len.min(rest.len())];
        // Odd chunks are padded by one byte.
        at = at.checked_add(8)?.checked_add(len)?.checked_add(len & 1)?;
        Some((kind, payload))
    })
}

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
    for (kind, payload) in chunks(bytes) {
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
            b"EXIF" | b"XMP " | b"ICCP" => tally.metadata(payload.len(), limits)?,
            _ => {}
        }
        tally.chunk(limits)?;
    }
    let (width, height) = canvas.ok_or_else(|| Error::truncated("it ends before its picture"))?;
    Ok(Header {
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
