//! Which originals have a renderer to themselves: one that has seen no other before and sees none after.
//!
//! Told by their first bytes, before any renderer has seen them; what the renderer then says must fit.
use std::os::unix::fs::FileExt as _;

use minilab_recipe::{Format, Isolation};

use crate::renderer::OriginalFile;

/// Enough for each signature below.
const HEAD_BYTES: usize = 8;

/// Formats whose decoders are fuzzed by the whole world, day and night. In others faults are found more often, and the newer
/// ones are hardly looked at.
const SHARES: [Format; 4] = [Format::Jpeg, Format::Png, Format::Webp, Format::Gif];

/// Must nothing else be decoded by the renderer that decodes this?
pub(super) fn is_alone(original: &OriginalFile, isolation: Isolation) -> bool {
    let mut head = [0; HEAD_BYTES];
    // A memory file: shorter ones and those that cannot be read are no picture.
    let length = original.file.read_at(&mut head, 0).unwrap_or(0);
    head_is_alone(&head[..length], isolation)
}

/// As [`is_alone`], from the first bytes alone.
pub(super) fn head_is_alone(head: &[u8], isolation: Isolation) -> bool {
    isolation == Isolation::PerJob || is_of_others(head)
}

/// May a renderer that has seen other originals say that this one is of that format?
pub(super) fn may_share(format: Format) -> bool {
    SHARES.contains(&format)
}

/// AVIF and HEIC, TIFF, JPEG XL, and whatever may be a drawing. What is none of all formats is refused before any decoder sees it.
fn is_of_others(head: &[u8]) -> bool {
    head.get(4..8) == Some(b"ftyp")
        || head.starts_with(b"II")
        || head.starts_with(b"MM")
        || head.starts_with(b"\xff\x0a")
        || head.starts_with(b"\0\0\0\x0cJXL ")
        || head.first().is_some_and(|first| begins_drawing(*first))
}

/// An element, or space or a byte-order mark before it.
fn begins_drawing(first: u8) -> bool {
    first == b'<' || first.is_ascii_whitespace() || first == 0x0b || (0xc2..=0xf4).contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_formats_are_known_by_their_first_bytes() {
        let pooled = |head: &[u8]| head_is_alone(head, Isolation::Pooled);
        for shared in [
            &b"\xff\xd8\xff\xe0"[..],
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"RIFF\0\0\0\0WEBPVP8 ",
            b"%PDF-1.7",
            b"",
        ] {
            assert!(!pooled(shared));
            assert!(head_is_alone(shared, Isolation::PerJob));
        }
        for alone in [
            &b"\0\0\0\x1cftypavif"[..],
            b"\0\0\0\x18ftypheic",
            b"II*\0",
            b"MM\0*",
            b"\xff\x0a",
            b"\0\0\0\x0cJXL \r\n\x87\n",
            b"<svg xmlns",
            b"\xef\xbb\xbf<?xml",
            b" \n<svg",
            "\u{a0}<svg".as_bytes(),
        ] {
            assert!(pooled(alone));
        }
    }
}
