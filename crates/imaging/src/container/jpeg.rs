//! JPEG: segments up to the end, the frame header, the number of scans.
use super::{Header, Tally, be16, part};
use crate::{Error, Limits, Result, limits};

const START_OF_SCAN: u8 = 0xda;
const END: u8 = 0xd9;

/// A marker and its payload.
pub(crate) struct Segment<'a> {
    pub(crate) marker: u8,
    pub(crate) payload: &'a [u8],
}

/// Segments in order; entropy-coded data between them is skipped. Ends at the end marker or at damage.
pub(crate) fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut at = 2;
    std::iter::from_fn(move || {
        loop {
            // After a scan anything may follow up to the next marker that is not stuffing or a restart.
            let start = at + bytes.get(at..)?.iter().position(|byte| *byte == 0xff)?;
            let marker = *bytes.get(start + 1)?;
            match marker {
                0 | 0x01 | 0xd0..=0xd8 => at = start + 2,
                0xff => at = start + 1,
                END => return None,
                _ => {
                    let len = usize::from(be16(bytes, start + 2).ok()?);
                    let payload = bytes.get(start + 4..start + 2 + len)?;
                    at = start + 2 + len;
                    return Some(Segment { marker, payload });
                }
            }
        }
    })
}

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let mut tally = Tally::default();
    let mut scans = 0;
    let mut header = None;
    for Segment { marker, payload } in segments(bytes) {
        tally.chunk(limits)?;
        match marker {
            START_OF_SCAN => {
                scans += 1;
                limits::within("scans", scans, limits.jpeg_scans_max.into())?;
            }
            0xe0..=0xef | 0xfe => tally.metadata(payload.len(), limits)?,
            // All frame headers; 0xc4, 0xc8 and 0xcc in their midst are tables and extensions.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) && header.is_none() => {
                header = Some(frame(marker, payload)?);
            }
            _ => {}
        }
    }
    header.ok_or_else(|| Error::truncated("it ends before its frame header"))
}

fn frame(marker: u8, payload: &[u8]) -> Result<Header> {
    part(payload, 0, 6)?;
    if payload[0] != 8 {
        return Err(Error::unsupported(format!(
            "a JPEG with {} bits per sample",
            payload[0]
        )));
    }
    Ok(Header {
        frames: 1,
        height: be16(payload, 1)?.into(),
        width: be16(payload, 3)?.into(),
        exact: true,
        whole_image: marker != 0xc0 && marker != 0xc1,
    })
}
