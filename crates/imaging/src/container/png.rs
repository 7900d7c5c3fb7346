//! PNG: the header chunk, how many chunks there are, and what their metadata inflates to.
use minilab_inspect::{PngChunk, png_chunks};

use super::{Header, Kind, Tally, be32, part};
use crate::{Error, Limits, Result, limits};

const SIGNATURE: usize = 8;
const END: [u8; 4] = *b"IEND";

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
    for chunk in png_chunks(bytes) {
        match &chunk.kind {
            // As many as the writer liked.
            b"IDAT" | b"fdAT" | b"fcTL" => continue,
            b"iCCP" | b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt" => metadata(&mut tally, &chunk, limits)?,
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
        bands: None,
        frames,
        width,
        height,
        exact: true,
        whole_image,
    })
}

const XMP: &[u8] = b"XML:com.adobe.xmp";

/// Texts begin with a keyword and a zero; what is packed after that, a method later. Damaged ones count as they are.
fn metadata(tally: &mut Tally, chunk: &PngChunk<'_>, limits: &Limits) -> Result<()> {
    let payload = chunk.payload;
    let keyword = payload.split(|byte| *byte == 0).next().unwrap_or_default();
    let rest = payload.get(keyword.len() + 1..).unwrap_or_default();
    let kind = match &chunk.kind {
        b"eXIf" => return tally.metadata(Kind::Exif, payload.len() as u64, limits),
        b"iCCP" => Kind::Icc,
        _ if keyword == XMP => Kind::Xmp,
        _ => Kind::Other,
    };
    let stream = match &chunk.kind {
        b"iCCP" | b"zTXt" => rest.get(1..),
        b"iTXt" if rest.first() == Some(&1) => translated(rest.get(2..).unwrap_or_default()),
        _ => None,
    };
    match stream {
        Some(stream) => tally.packed(kind, stream, limits),
        None => tally.metadata(kind, payload.len() as u64, limits),
    }
}

/// What follows a language and a translated keyword.
fn translated(rest: &[u8]) -> Option<&[u8]> {
    rest.splitn(3, |byte| *byte == 0).nth(2)
}
