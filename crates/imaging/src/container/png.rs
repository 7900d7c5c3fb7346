//! PNG: the header chunk, and how many chunks there are.
use super::{Header, Tally, be32, part};
use crate::{Error, Limits, Result, limits};

const SIGNATURE: usize = 8;
const END: [u8; 4] = *b"IEND";

/// A chunk's type and payload.
pub(crate) struct Chunk<'a> {
    pub(crate) kind: [u8; 4],
    pub(crate) payload: &'a [u8],
}

/// Chunks in order, up to the end mark (included) or to damage.
pub(crate) fn chunks(bytes: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut at = Some(SIGNATURE);
    std::iter::from_fn(move || {
        let start = at?;
        let len = be32(bytes, start).ok()? as usize;
        let kind = *bytes.get(start + 4..)?.first_chunk::<4>()?;
        let payload = bytes.get(start + 8..start.checked_add(8)?.checked_add(len)?)?;
        at = (kind != END).then_some(start + 12 + len);
        Some(Chunk { kind, payload })
    })
}

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    if part(bytes, SIGNATURE + 4, 4)? != b"IHDR" {
        return Err(Error::corrupt("its first chunk is not IHDR"));
    }
    let header = part(bytes, SIGNATURE + 8, 13)?;
    // The size first: it is the cheapest reason to refuse.
    let (width, height) = (be32(header, 0)?.into(), be32(header, 4)?.into());
    let whole_image = header[12] != 0;
    limits.check_size(width, height, whole_image)?;
    let mut tally = Tally::default();
    let mut complete = false;
    let mut frames = 1;
    for chunk in chunks(bytes) {
        match &chunk.kind {
            // As many as the writer liked.
            b"IDAT" | b"fdAT" | b"fcTL" => continue,
            b"iCCP" | b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt" => tally.metadata(chunk.payload.len(), limits)?,
            // An animation: libvips shows its first picture.
            b"acTL" => {
                frames = be32(chunk.payload, 0)?.max(1);
                limits::within("frames", frames.into(), limits.frames_max.into())?;
            }
            kind => complete |= *kind == END,
        }
        tally.chunk(limits)?;
    }
    if !complete {
        return Err(Error::truncated("it has no end mark (IEND)"));
    }
    Ok(Header {
        frames,
        width,
        height,
        exact: true,
        whole_image,
    })
}
