//! TIFF: the first directory; also the form in which EXIF is kept everywhere.
use super::{Header, be16, be32, le16, le32, part};
use crate::{Error, Result};

const WIDTH: u16 = 0x100;
const HEIGHT: u16 = 0x101;

/// A directory's entries, read in the file's byte order.
struct Directory<'a> {
    bytes: &'a [u8],
    little: bool,
    first: usize,
    entries: usize,
}

impl<'a> Directory<'a> {
    fn first(bytes: &'a [u8]) -> Result<Self> {
        let little = part(bytes, 0, 4)?.starts_with(b"II");
        let mut directory = Self {
            bytes,
            little,
            first: 0,
            entries: 0,
        };
        let at = directory.u32(4)? as usize;
        directory.entries = directory.u16(at)?.into();
        directory.first = at + 2;
        Ok(directory)
    }

    fn u16(&self, at: usize) -> Result<u16> {
        if self.little {
            le16(self.bytes, at)
        } else {
            be16(self.bytes, at)
        }
    }

    fn u32(&self, at: usize) -> Result<u32> {
        if self.little {
            le32(self.bytes, at)
        } else {
            be32(self.bytes, at)
        }
    }

    /// Where the entry of a tag is.
    fn find(&self, tag: u16) -> Result<Option<usize>> {
        for entry in 0..self.entries {
            let at = self.first + entry * 12;
            if self.u16(at)? == tag {
                return Ok(Some(at));
            }
        }
        Ok(None)
    }

    /// A tag's value, where it is one short or long.
    fn number(&self, tag: u16) -> Result<u64> {
        let at = self
            .find(tag)?
            .ok_or_else(|| Error::corrupt("its first directory has no size"))?;
        match self.u16(at + 2)? {
            3 => self.u16(at + 8).map(u64::from),
            4 => self.u32(at + 8).map(u64::from),
            _ => Err(Error::corrupt("its first directory has a size of the wrong type")),
        }
    }
}

pub(super) fn scan(bytes: &[u8]) -> Result<Header> {
    if matches!(bytes, [_, _, b'+', ..] | [_, _, _, b'+', ..]) {
        return Err(Error::Unsupported {
            what: "a TIFF with 64-bit offsets (BigTIFF)".into(),
        });
    }
    let directory = Directory::first(bytes)?;
    Ok(Header {
        frames: 1,
        width: directory.number(WIDTH)?,
        height: directory.number(HEIGHT)?,
        exact: true,
        whole_image: false,
    })
}

/// Does the first directory of an EXIF block hold a tag? Damage counts as yes: what cannot be read cannot be cleared.
pub(crate) fn has_tag(exif: &[u8], tag: u16) -> bool {
    Directory::first(exif)
        .and_then(|directory| directory.find(tag))
        .map_or(true, |entry| entry.is_some())
}

/// Tags of the first directory, which is the only one of our files; `None`: it cannot be read, or there are more.
pub(crate) fn tags(bytes: &[u8]) -> Option<Vec<u16>> {
    let directory = Directory::first(bytes).ok()?;
    let next = directory.u32(directory.first + directory.entries * 12).ok()?;
    let tag = |entry: usize| directory.u16(directory.first + entry * 12).ok();
    (0..directory.entries)
        .map(tag)
        .collect::<Option<Vec<u16>>>()
        .filter(|_| next == 0)
}
