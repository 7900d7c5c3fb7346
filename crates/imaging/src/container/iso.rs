//! AVIF and HEIC (HEIF in ISO base media boxes): the sizes of their items, and what kinds of items there are.
use std::collections::BTreeMap;

use minilab_inspect::{boxes, child, item_types, meta};

use super::{Header, Kind, Tally, be16, be32, hevc, tiles};
use crate::{Error, Limits, Result};

pub(super) fn scan(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let mut tally = Tally::default();
    for _ in boxes(bytes) {
        tally.chunk(limits)?;
    }
    let meta = meta(bytes).ok_or_else(|| Error::truncated("it ends before its metadata box"))?;
    check_items(bytes, meta, &mut tally, limits)?;
    let properties = child(meta, *b"iprp").and_then(|iprp| child(iprp, *b"ipco"));
    let (mut largest, mut areas) = ((0, 0), Vec::new());
    // Which item is the picture is for the decoder to say; no item may be beyond the limits.
    for property in boxes(properties.unwrap_or_default()) {
        tally.chunk(limits)?;
        let mut area = 0;
        match &property.kind {
            b"ispe" => {
                let size = (
                    u64::from(be32(property.payload, 4)?),
                    u64::from(be32(property.payload, 8)?),
                );
                limits.check_size(size.0, size.1, true)?;
                largest = (size.0.max(largest.0), size.1.max(largest.1));
                area = size.0 * size.1;
            }
            b"colr" => tally.metadata(Kind::Icc, property.payload.len() as u64, limits)?,
            b"hvcC" => area = hevc::check(property.payload, limits)?,
            _ => {}
        }
        areas.push(area);
    }
    tiles::check(meta, &areas, limits)?;
    Ok(Header {
        bands: None,
        frames: 1,
        width: largest.0,
        height: largest.1,
        exact: false,
        whole_image: true,
    })
}

/// How many items there are, and how large: they may share bytes, but a file whose items add up to many times its size is
/// made to be copied often.
fn check_items(bytes: &[u8], meta: &[u8], tally: &mut Tally, limits: &Limits) -> Result<()> {
    const TIMES_MAX: u64 = 4;
    let types: BTreeMap<u32, [u8; 4]> = item_types(bytes).take(limits.chunks_max as usize + 1).collect();
    tally.chunks(types.len(), limits)?;
    let Some(places) = child(meta, *b"iloc") else {
        return Ok(());
    };
    let places = Places::read(places, bytes.len() as u64).ok_or_else(too_large_items)?;
    // A decoder keeps each piece, even one that says nothing.
    let mut pieces = Tally::default();
    let mut sum = 0_u64;
    for place in places {
        let (id, extents, len) = place.ok_or_else(too_large_items)?;
        pieces.chunks(extents.max(1), limits)?;
        sum = sum.saturating_add(len);
        match types.get(&id) {
            Some(b"Exif") => tally.metadata(Kind::Exif, len, limits)?,
            Some(b"mime") => tally.metadata(Kind::Xmp, len, limits)?,
            _ => {}
        }
    }
    if sum > bytes.len() as u64 * TIMES_MAX {
        return Err(too_large_items());
    }
    Ok(())
}

fn too_large_items() -> Error {
    Error::corrupt("its items are larger than the file that holds them")
}

/// Where items are (`iloc`).
struct Places<'a> {
    bytes: &'a [u8],
    /// Bytes of the file: what an extent without a length has.
    file: u64,
    /// Where the next entry begins.
    at: usize,
    left: u32,
    version: u8,
    /// Bytes of each field.
    offset: usize,
    length: usize,
    base: usize,
    index: usize,
}

impl<'a> Places<'a> {
    fn read(bytes: &'a [u8], file: u64) -> Option<Self> {
        let version = *bytes.first()?;
        let sizes = be16(bytes, 4).ok()?;
        let field = |shift: u16| usize::from(sizes >> shift & 0xf);
        let (count, at) = if version < 2 {
            (u32::from(be16(bytes, 6).ok()?), 8)
        } else {
            (be32(bytes, 6).ok()?, 10)
        };
        Some(Self {
            bytes,
            file,
            at,
            left: count,
            version,
            offset: field(12),
            length: field(8),
            base: field(4),
            index: if version == 0 { 0 } else { field(0) },
        })
    }

    /// The next item: its number, in how many pieces it lies, and how long it is; `None` where the box ends too early or a
    /// length is beyond any file.
    fn item(&mut self) -> Option<(u32, usize, u64)> {
        let construction = if self.version == 0 { 0 } else { 2 };
        let id = if self.version < 2 {
            u32::from(be16(self.bytes, self.at).ok()?)
        } else {
            be32(self.bytes, self.at).ok()?
        };
        let id_bytes = if self.version < 2 { 2 } else { 4 };
        let at = self.at + id_bytes + construction + 2 + self.base;
        let extents = usize::from(be16(self.bytes, at).ok()?);
        let extent_bytes = self.index + self.offset + self.length;
        let pieces = self.bytes.get(at + 2..at + 2 + extents * extent_bytes)?;
        let mut sum = 0_u64;
        for piece in pieces.chunks_exact(extent_bytes.max(1)) {
            let length = &piece[self.index + self.offset..];
            let len = length.iter().fold(0_u64, |len, byte| len << 8 | u64::from(*byte));
            sum = sum.checked_add(if len == 0 { self.file } else { len })?;
        }
        if extent_bytes == 0 {
            sum = self.file.saturating_mul(extents as u64);
        }
        self.at = at + 2 + pieces.len();
        Some((id, extents, sum))
    }
}

/// Items in order, as many as it says; ends with `None` where one cannot be read.
impl Iterator for Places<'_> {
    type Item = Option<(u32, usize, u64)>;

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        let item = self.item();
        if item.is_none() {
            self.left = 0;
        }
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(sizes: u16, items: &[&[u8]]) -> Vec<u8> {
        let mut places = vec![0; 4];
        places.extend(sizes.to_be_bytes());
        places.extend((items.len() as u16).to_be_bytes());
        places.extend(items.concat());
        places
    }

    fn sum(places: &[u8], file: u64) -> Option<u64> {
        let items = Places::read(places, file)?;
        items.map(|item| item.map(|(_, _, len)| len)).sum()
    }

    #[test]
    fn items_add_up_and_what_has_no_length_is_the_rest_of_the_file() {
        // Offsets and lengths of four bytes each: one item of 100 bytes.
        let one: &[u8] = &[0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 100];
        assert_eq!(sum(&places(0x4400, &[one]), 1000), Some(100));
        assert_eq!(sum(&places(0x4400, &[one, one]), 1000), Some(200));
        assert_eq!(sum(&places(0x4400, &[&one[..13]]), 1000), None);
        let endless: &[u8] = &[0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0];
        assert_eq!(sum(&places(0x4400, &[endless]), 1000), Some(1000));
        // Nothing is said of 65,535 extents.
        let many: &[u8] = &[0, 1, 0, 0, 0xff, 0xff];
        assert_eq!(sum(&places(0, &[many, many]), 1000), Some(2 * 65_535 * 1000));
    }
}
