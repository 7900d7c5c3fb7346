//! Boxes of ISO base media files: AVIF, HEIC, JPEG XL.
use super::be32;

/// A box's type and payload.
pub struct Box4<'a> {
    /// Four letters.
    pub kind: [u8; 4],
    /// Without length and type.
    pub payload: &'a [u8],
    /// Where it ends among those beside it.
    pub end: usize,
}

/// Boxes side by side, up to the end or to damage.
pub fn boxes(bytes: &[u8]) -> impl Iterator<Item = Box4<'_>> {
    let mut at = 0_usize;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..)?;
        let kind = *rest.get(4..)?.first_chunk::<4>()?;
        let (head, len) = match be32(rest, 0)? {
            0 => (8, rest.len()),
            1 => (
                16,
                usize::try_from(u64::from_be_bytes(*rest.get(8..)?.first_chunk()?)).ok()?,
            ),
            len => (8, len as usize),
        };
        let payload = rest.get(head..len.min(rest.len()))?;
        at = at.checked_add(len)?;
        Some(Box4 {
            kind,
            payload,
            end: at,
        })
    })
}

/// The payload of the first box of a kind.
pub fn child(bytes: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    boxes(bytes)
        .find(|found| found.kind == kind)
        .map(|found| found.payload)
}

/// The metadata box without its version.
pub fn meta(bytes: &[u8]) -> Option<&[u8]> {
    child(bytes, *b"meta")?.get(4..)
}

/// Numbers and four-letter types of all items: `av01`, `Exif`, `mime`.
pub fn item_types(bytes: &[u8]) -> impl Iterator<Item = (u32, [u8; 4])> {
    let infos = meta(bytes)
        .and_then(|meta| child(meta, *b"iinf"))
        .unwrap_or_default();
    // Version 0 counts entries in two bytes, later ones in four.
    let head = if infos.first() == Some(&0) { 6 } else { 8 };
    boxes(infos.get(head..).unwrap_or_default())
        .filter(|entry| entry.kind == *b"infe")
        .filter_map(|entry| {
            let (id, at) = if entry.payload.first() == Some(&3) {
                (be32(entry.payload, 4)?, 10)
            } else {
                (super::be16(entry.payload, 4)?.into(), 8)
            };
            Some((id, *entry.payload.get(at..)?.first_chunk()?))
        })
}
