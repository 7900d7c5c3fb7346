//! TIFF: its directories, each a page.
use std::collections::BTreeSet;

use minilab_inspect::{Directory, Entry};

use super::{Header, Kind, Tally};
use crate::{Error, Limits, Result, limits};

const WIDTH: u16 = 0x100;
const HEIGHT: u16 = 0x101;
const SAMPLES: u16 = 0x115;
const TILE_WIDTH: u16 = 0x142;
const TILE_HEIGHT: u16 = 0x143;

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    if matches!(bytes, [_, _, b'+', ..] | [_, _, _, b'+', ..]) {
        return Err(Error::Unsupported {
            what: "a TIFF with 64-bit offsets (BigTIFF)".into(),
        });
    }
    let first =
        Directory::first(bytes).ok_or_else(|| Error::truncated("it ends before its first directory"))?;
    walk(&first, bytes.len() as u64, limits)?;
    Ok(Header {
        bands: value(&first, SAMPLES).transpose()?,
        frames: 1,
        width: needed(&first, WIDTH)?,
        height: needed(&first, HEIGHT)?,
        exact: true,
        whole_image: false,
    })
}

/// From page to page: not in a circle, and each within the limits of what stands in a directory.
fn walk(first: &Directory<'_>, file: u64, limits: &Limits) -> Result<()> {
    check(first, file, limits)?;
    let mut seen = BTreeSet::new();
    let mut next = first.next();
    // What lies beyond the end of the file is for the decoder to refuse.
    while let Some(offset) = next.filter(|offset| *offset != 0) {
        if !seen.insert(offset) {
            return Err(Error::corrupt("its directories go round in a circle"));
        }
        limits::within("frames", seen.len() as u64 + 1, limits.frames_max.into())?;
        let Some(directory) = first.at(offset) else { break };
        check(&directory, file, limits)?;
        next = directory.next();
    }
    Ok(())
}

fn check(directory: &Directory<'_>, file: u64, limits: &Limits) -> Result<()> {
    let mut tally = Tally::default();
    tally.chunks(directory.len(), limits)?;
    for entry in directory.entries() {
        if let Some(kind) = kind(entry) {
            tally.metadata(kind, entry.bytes(), limits)?;
        }
        if entry.bytes() > file {
            return Err(Error::corrupt("one of its tags is longer than the file"));
        }
    }
    // A tile is decoded whole, whatever the size of the picture.
    if let (Some(width), Some(height)) = (value(directory, TILE_WIDTH), value(directory, TILE_HEIGHT)) {
        limits.check_size(width?, height?, true)?;
    }
    Ok(())
}

fn kind(entry: Entry) -> Option<Kind> {
    match entry.tag {
        0x2bc => Some(Kind::Xmp),
        0x8773 => Some(Kind::Icc),
        // IPTC, Photoshop's block, a text.
        0x83bb | 0x8649 | 0x10e => Some(Kind::Other),
        _ => None,
    }
}

/// A tag's value, where it is one short or long.
fn value(directory: &Directory<'_>, tag: u16) -> Option<Result<u64>> {
    let entry = directory.find(tag)?;
    let number = directory.number(entry).map(u64::from);
    Some(number.ok_or_else(|| Error::corrupt("its directory has a size of the wrong type")))
}

fn needed(directory: &Directory<'_>, tag: u16) -> Result<u64> {
    value(directory, tag).unwrap_or_else(|| Err(Error::corrupt("its first directory has no size")))
}
