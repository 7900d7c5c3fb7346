//! TIFF: directories; also the form in which EXIF is kept everywhere.
use super::array;

/// One directory, read in the file's byte order.
pub struct Directory<'a> {
    bytes: &'a [u8],
    little: bool,
    first: usize,
    entries: usize,
}

/// One entry of a directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub tag: u16,
    /// Of which type its values are.
    pub kind: u16,
    /// How many values there are.
    pub count: u32,
    /// Where it is in the file.
    at: usize,
}

impl<'a> Directory<'a> {
    /// The first; `None`: the file ends before.
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let little = bytes.get(..4)?.starts_with(b"II");
        let head = Self {
            bytes,
            little,
            first: 0,
            entries: 0,
        };
        head.at(head.u32(4)?)
    }

    /// The one at this place of the same file.
    pub fn at(&self, offset: u32) -> Option<Self> {
        let offset = offset as usize;
        let entries = self.u16(offset)?.into();
        Some(Self {
            bytes: self.bytes,
            little: self.little,
            first: offset + 2,
            entries,
        })
    }

    /// How many entries it says that it has.
    pub fn len(&self) -> usize {
        self.entries
    }

    /// Has it none?
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    /// Its entries, up to the end of the file.
    pub fn entries(&self) -> impl Iterator<Item = Entry> {
        (0..self.entries).map_while(|entry| {
            let at = self.first + entry * 12;
            Some(Entry {
                tag: self.u16(at)?,
                kind: self.u16(at + 2)?,
                count: self.u32(at + 4)?,
                at,
            })
        })
    }

    /// The first entry of a tag.
    pub fn find(&self, tag: u16) -> Option<Entry> {
        self.entries().find(|entry| entry.tag == tag)
    }

    /// An entry's value, where it is one short or long.
    pub fn number(&self, entry: Entry) -> Option<u32> {
        match entry.kind {
            3 => self.u16(entry.at + 8).map(u32::from),
            4 | 13 => self.u32(entry.at + 8),
            _ => None,
        }
    }

    /// Where the next directory is; 0: there is none. `None`: the file ends before.
    pub fn next(&self) -> Option<u32> {
        self.u32(self.first + self.entries * 12)
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let word = array(self.bytes, at)?;
        Some(if self.little {
            u16::from_le_bytes(word)
        } else {
            u16::from_be_bytes(word)
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let word = array(self.bytes, at)?;
        Some(if self.little {
            u32::from_le_bytes(word)
        } else {
            u32::from_be_bytes(word)
        })
    }
}

impl Entry {
    /// Bytes of all its values.
    pub fn bytes(&self) -> u64 {
        let size = match self.kind {
            3 | 8 => 2,
            4 | 9 | 11 | 13 => 4,
            5 | 10 | 12 | 16..=18 => 8,
            _ => 1,
        };
        u64::from(self.count) * size
    }
}
