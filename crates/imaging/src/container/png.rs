//! PNG: the header chunk, and how many chunks there are.
use super::{Header, Tally, be32, part};
use crate::{Error, Limits, Result};

const SIGNATURE: usize = 8;

/// A chunk's type and payload.
pub(crate) struct Chunk<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) payload: &'a [u8],
}

/// Chunks in order, up to the end of the picture or to damage.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut at = SIGNATURE;
    std::iter::from_fn(move || {
        let len = be32(bytes, at).ok()? as usize;
        let kind = *bytes.get(at + 4..)?.first_chunk::<4>()?;
        let payload = bytes.get(at + 8..at.checked_add(8)?.checked_add(len)?)?;
        at = at + 12 + len;
        (kind != *b"IEND").then_some(Chunk { kind, payload })
    })
}

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    if part(bytes, SIGNATURE + 4, 4)? != b"IHDR" {
        return Err(Error::corrupt("its first chunk is not IHDR"));
    }
    let header = part(bytes, SIGNATURE + 8, 13)?;
    let mut tally = Tally::default();
    // Data chunks are as many as the writer liked; only the others say something.
    for chunk in chunks(bytes).filter(|chunk| !matches!(&chunk.kind, b"IDAT" | b"fdAT" | b"fcTL")) {
        tally.chunk(limits)?;
        if matches!(&chunk.kind, b"iCCP" | b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt") {
            tally.metadata(chunk.payload.len(), limits)?;
        }
    }
    Ok(Header {
        width: be32(header, 0)?.into(),
        height: be32(header, 4)?.into(),
        exact: true,
        whole_image: header[12] != 0,
    })
}
