//! AVIF and HEIC (HEIF in ISO base media boxes): the sizes of their items, and what kinds of items there are.
use super::{Header, Tally, be16, be32, hevc};
use crate::{Error, Limits, Result};

/// A box's type and payload.
pub(super) struct Box4<'a> {
    pub(super) kind: [u8; 4],
    pub(super) payload: &'a [u8],
}

/// Boxes side by side, up to the end or to damage.
pub(super) fn boxes(bytes: &[u8]) -> impl Iterator<Item = Box4<'_>> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let kind = *rest.get(4..)?.first_chunk::<4>()?;
        let (head, len) = match be32(rest, 0).ok()? {
            0 => (8, rest.len()),
            1 => (
                16,
                usize::try_from(u64::from_be_bytes(*rest.get(8..)?.first_chunk()?)).ok()?,
            ),
            len => (8, len as usize),
        };
        let payload = rest.get(head..len.min(rest.len()))?;
        at = at.checked_add(len)?;
        Some(Box4 { kind, payload })
    })
}

pub(super) fn child(bytes: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes)
        .find(|found| found.kind == kind)
        .map(|found| found.payload)
}

/// The metadata box without its version.
pub(super) fn meta(bytes: &[u8]) -> Option<&[u8]> {
    child(bytes, *b"meta")?.get(4..)
}

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    check_extents(bytes)?;
    let meta = meta(bytes).ok_or_else(|| Error::truncated("it ends before its metadata box"))?;
    let properties = child(meta, *b"iprp").and_then(|iprp| child(iprp, *b"ipco"));
    let mut tally = Tally::default();
    let mut largest = (0, 0);
    // Which item is the picture is for the decoder to say; no item may be beyond the limits.
    for property in boxes(properties.unwrap_or_default()) {
        tally.chunk(limits)?;
        match &property.kind {
            b"ispe" => {
                let size = (
                    u64::from(be32(property.payload, 4)?),
                    u64::from(be32(property.payload, 8)?),
                );
                largest = (size.0.max(largest.0), size.1.max(largest.1));
            }
            b"colr" => tally.metadata(property.payload.len(), limits)?,
            b"hvcC" => hevc::check(property.payload, limits)?,
            _ => {}
        }
    }
    Ok(Header {
        frames: 1,
        width: largest.0,
        height: largest.1,
        exact: false,
        whole_image: true,
    })
}

/// Items may share bytes, but a file whose items add up to many times its size is made to be copied often.
fn check_extents(bytes: &[u8]) -> Result<()> {
    const TIMES_MAX: u64 = 4;
    let Some(places) = meta(bytes).and_then(|meta| child(meta, *b"iloc")) else {
        return Ok(());
    };
    let sum = extents(places).unwrap_or(u64::MAX);
    if sum > bytes.len() as u64 * TIMES_MAX {
        return Err(Error::corrupt(
            "its items are larger than the file that holds them",
        ));
    }
    Ok(())
}

/// Bytes of all items together; `None` where the box ends too early or a length is beyond any file.
fn extents(places: &[u8]) -> Option<u64> {
    let version = *places.first()?;
    let sizes = be16(places, 4).ok()?;
    let field = |shift: u16| usize::from(sizes >> shift & 0xf);
    let (offset, length, base) = (field(12), field(8), field(4));
    let index = if version == 0 { 0 } else { field(0) };
    let (count, mut at) = if version < 2 {
        (u32::from(be16(places, 6).ok()?), 8)
    } else {
        (be32(places, 6).ok()?, 10)
    };
    let id = if version < 2 { 2 } else { 4 };
    let construction = if version == 0 { 0 } else { 2 };
    let mut sum = 0_u64;
    for _ in 0..count {
        at += id + construction + 2 + base;
        let extents = be16(places, at).ok()?;
        at += 2;
        for _ in 0..extents {
            at += index + offset;
            let bytes = places.get(at..at + length)?;
            let len = bytes.iter().fold(0_u64, |len, byte| len << 8 | u64::from(*byte));
            sum = sum.checked_add(len)?;
            at += length;
        }
    }
    Some(sum)
}

/// Four-letter types of all items: `av01`, `Exif`, `mime`.
pub(crate) fn item_types(bytes: &[u8]) -> Vec<[u8; 4]> {
    let Some(infos) = meta(bytes).and_then(|meta| child(meta, *b"iinf")) else {
        return Vec::new();
    };
    // Version 0 counts entries in two bytes, later ones in four.
    let head = if infos.first() == Some(&0) { 6 } else { 8 };
    boxes(infos.get(head..).unwrap_or_default())
        .filter(|entry| entry.kind == *b"infe")
        .filter_map(|entry| {
            let at = if entry.payload.first() == Some(&3) { 10 } else { 8 };
            entry.payload.get(at..)?.first_chunk().copied()
        })
        .collect()
}
