//! PNG: chunks.
use super::be32;

const SIGNATURE: usize = 8;
const END: [u8; 4] = *b"IEND";

/// A chunk's type and payload, and where it ends in the file.
pub struct Chunk<'a> {
    /// Four letters.
    pub kind: [u8; 4],
    /// Without length, type and checksum.
    pub payload: &'a [u8],
    /// Of its checksum.
    pub end: usize,
}

/// Chunks in order, up to the end mark (included) or to damage.
pub fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut at = Some(SIGNATURE);
    std::iter::from_fn(move || {
        let start = at?;
        let len = be32(bytes, start)? as usize;
        let kind = *bytes.get(start + 4..)?.first_chunk::<4>()?;
        let payload = bytes.get(start + 8..start.checked_add(8)?.checked_add(len)?)?;
        let end = start + 12 + len;
        at = (kind != END).then_some(end);
        Some(Chunk { kind, payload, end })
    })
}
