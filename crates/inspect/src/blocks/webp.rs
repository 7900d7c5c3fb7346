//! WebP: RIFF chunks.
use super::le32;

/// Chunks with their type, in order, up to the end or to damage.
pub fn chunks(bytes: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut at = 12_usize;
    std::iter::from_fn(move || {
        let kind = *bytes.get(at..)?.first_chunk::<4>()?;
        let len = le32(bytes, at + 4)? as usize;
        let rest = bytes.get(at + 8..)?;
        let payload = &rest[..len.min(rest.len())];
        // Odd chunks are padded by one byte.
        at = at.checked_add(8)?.checked_add(len)?.checked_add(len & 1)?;
        Some((kind, payload))
    })
}
