//! JPEG: segments up to the end, the frame header, the number of scans.
use minilab_inspect::{Segment, segments};

use super::{Header, Kind, Tally, be16, part};
use crate::{Error, Limits, Result, limits};

const START_OF_SCAN: u8 = 0xda;

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
            0xe0..=0xef | 0xfe => tally.metadata(kind(marker, payload), payload.len() as u64, limits)?,
            // All frame headers; 0xc4, 0xc8 and 0xcc in their midst are tables and extensions.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) && header.is_none() => {
                header = Some(frame(marker, payload)?);
            }
            _ => {}
        }
    }
    header.ok_or_else(|| Error::truncated("it ends before its frame header"))
}

fn kind(marker: u8, payload: &[u8]) -> Kind {
    match marker {
        0xe1 if payload.starts_with(b"Exif\0") => Kind::Exif,
        0xe1 if payload.starts_with(b"http://ns.adobe.com/x") => Kind::Xmp,
        0xe2 if payload.starts_with(b"ICC_PROFILE\0") => Kind::Icc,
        _ => Kind::Other,
    }
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
        bands: Some(payload[5].into()),
        frames: 1,
        height: be16(payload, 1)?.into(),
        width: be16(payload, 3)?.into(),
        exact: true,
        whole_image: marker != 0xc0 && marker != 0xc1,
    })
}
