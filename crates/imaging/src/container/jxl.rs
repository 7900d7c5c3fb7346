//! JPEG XL: bare or in boxes; where its codestream, EXIF and XMP are.
//!
//! Only the codestream reaches the decoder. Boxes of compressed metadata (`brob`) are left out: what they inflate to is
//! not known before.
use std::borrow::Cow;

use minilab_inspect::boxes;

use super::{Kind, Tally, be32};
use crate::{Error, Limits, Result};

/// The parts of a file.
pub(crate) struct Parts<'a> {
    pub(crate) codestream: Cow<'a, [u8]>,
    /// From the TIFF header on.
    pub(crate) exif: Option<&'a [u8]>,
    pub(crate) xmp: Option<&'a [u8]>,
}

const BARE: [u8; 2] = [0xff, 0x0a];

pub(crate) fn parts<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Parts<'a>> {
    let mut parts = Parts {
        codestream: Cow::Borrowed(&[]),
        exif: None,
        xmp: None,
    };
    if bytes.starts_with(&BARE) {
        parts.codestream = Cow::Borrowed(bytes);
        return Ok(parts);
    }
    let mut tally = Tally::default();
    let mut whole = false;
    for found in boxes(bytes) {
        tally.chunk(limits)?;
        match &found.kind {
            // One after another would be copied each time.
            b"jxlc" | b"jxlp" if whole => return Err(Error::corrupt("it has more than one codestream")),
            b"jxlc" => {
                whole = true;
                parts.codestream = Cow::Borrowed(found.payload);
            }
            // A number first: pieces are in order anyway.
            b"jxlp" => {
                let piece = found.payload.get(4..).unwrap_or_default();
                parts.codestream.to_mut().extend_from_slice(piece);
            }
            b"Exif" => {
                tally.metadata(Kind::Exif, found.payload.len() as u64, limits)?;
                let skipped = 4 + be32(found.payload, 0)? as usize;
                parts.exif = found.payload.get(skipped..);
            }
            b"xml " => {
                tally.metadata(Kind::Xmp, found.payload.len() as u64, limits)?;
                parts.xmp = Some(found.payload);
            }
            _ => {}
        }
    }
    if parts.codestream.is_empty() {
        return Err(Error::truncated("it ends before its picture"));
    }
    Ok(parts)
}
