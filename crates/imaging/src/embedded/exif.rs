//! EXIF: the picture's directory and the camera's, a named choice of their tags.
use minilab_recipe::MarkKind;

use super::Gathered;

/// Tags of the first directory that are read.
const PICTURE: &[(u16, &str)] = &[
    (0x010e, "ImageDescription"),
    (0x010f, "Make"),
    (0x0110, "Model"),
    (0x0131, "Software"),
    (0x0132, "DateTime"),
    (0x013b, "Artist"),
    (0x4746, "Rating"),
    (0x8298, "Copyright"),
    (0x9c9b, "XPTitle"),
    (0x9c9c, "XPComment"),
    (0x9c9d, "XPAuthor"),
    (0x9c9e, "XPKeywords"),
    (0x9c9f, "XPSubject"),
];
/// Tags of the camera's directory.
const CAMERA: &[(u16, &str)] = &[
    (0x829a, "ExposureTime"),
    (0x829d, "FNumber"),
    (0x8827, "PhotographicSensitivity"),
    (0x9003, "DateTimeOriginal"),
    (0x9011, "OffsetTimeOriginal"),
    (0x9204, "ExposureBiasValue"),
    (0x9209, "Flash"),
    (0x920a, "FocalLength"),
    (0x9286, "UserComment"),
    (0xa405, "FocalLengthIn35mmFilm"),
    (0xa433, "LensMake"),
    (0xa434, "LensModel"),
];
const CAMERA_DIRECTORY: u16 = 0x8769;
const SUBJECT_AREA: u16 = 0x9214;
const USER_COMMENT: u16 = 0x9286;
/// Tags in UTF-16, as Windows writes them.
const WIDE: std::ops::RangeInclusive<u16> = 0x9c9b..=0x9c9f;
/// Entries of a directory that are looked at; cameras write some sixty.
const ENTRIES_MAX: usize = 512;
/// Bytes of a value that are looked at: a text of the longest kept, in UTF-16.
const VALUE_BYTES_MAX: usize = 4096;

/// A TIFF structure in its byte order. `None` wherever it ends too early.
pub(super) struct Block<'a> {
    bytes: &'a [u8],
    little: bool,
}

pub(super) struct Entry<'a> {
    pub tag: u16,
    kind: u16,
    pub value: &'a [u8],
}

pub(super) fn read(bytes: &[u8], found: &mut Gathered<'_>) {
    let Some(block) = Block::open(bytes) else {
        return;
    };
    let first = block.first();
    for entry in &first {
        block.tell(entry, PICTURE, found);
    }
    let camera = first.iter().find(|entry| entry.tag == CAMERA_DIRECTORY);
    let at = camera.and_then(|entry| block.integer(entry, 0));
    for entry in at.map(|at| block.directory(at as usize)).unwrap_or_default() {
        if entry.tag == SUBJECT_AREA {
            block.subject(&entry, found);
        }
        block.tell(&entry, CAMERA, found);
    }
}

impl<'a> Block<'a> {
    pub fn open(bytes: &'a [u8]) -> Option<Self> {
        let little = bytes.first_chunk::<2>()? == b"II";
        Some(Self { bytes, little })
    }

    /// The picture's directory.
    pub fn first(&self) -> Vec<Entry<'a>> {
        let at = self.u32(4);
        at.map(|at| self.directory(at as usize)).unwrap_or_default()
    }

    fn part(&self, at: usize, len: usize) -> Option<&'a [u8]> {
        self.bytes.get(at..at.checked_add(len)?)
    }

    fn u16(&self, at: usize) -> Option<u16> {
        let word = *self.part(at, 2)?.first_chunk()?;
        Some(if self.little {
            u16::from_le_bytes(word)
        } else {
            u16::from_be_bytes(word)
        })
    }

    fn u32(&self, at: usize) -> Option<u32> {
        let word = *self.part(at, 4)?.first_chunk()?;
        Some(if self.little {
            u32::from_le_bytes(word)
        } else {
            u32::from_be_bytes(word)
        })
    }

    pub fn directory(&self, at: usize) -> Vec<Entry<'a>> {
        let count = self.u16(at).map_or(0, usize::from).min(ENTRIES_MAX);
        (0..count)
            .map_while(|index| at.checked_add(2 + index * 12))
            .filter_map(|at| self.entry(at))
            .collect()
    }

    fn entry(&self, at: usize) -> Option<Entry<'a>> {
        let (tag, kind) = (self.u16(at)?, self.u16(at + 2)?);
        let each = match kind {
            1 | 2 | 6 | 7 => 1,
            3 | 8 => 2,
            4 | 9 => 4,
            5 | 10 => 8,
            _ => return None,
        };
        let len = (self.u32(at + 4)? as usize).checked_mul(each)?;
        let place = if len <= 4 {
            at + 8
        } else {
            self.u32(at + 8)? as usize
        };
        let value = self.part(place, len.min(VALUE_BYTES_MAX))?;
        Some(Entry { tag, kind, value })
    }

    /// The n-th number of an entry of whole numbers.
    pub fn integer(&self, entry: &Entry<'a>, index: usize) -> Option<u32> {
        let of = Block {
            bytes: entry.value,
            little: self.little,
        };
        match entry.kind {
            1 | 7 => entry.value.get(index).copied().map(u32::from),
            3 => of.u16(index * 2).map(u32::from),
            4 => of.u32(index * 4),
            _ => None,
        }
    }

    fn tell(&self, entry: &Entry<'a>, names: &[(u16, &str)], found: &mut Gathered<'_>) {
        let Some((tag, name)) = names.iter().find(|(tag, _)| *tag == entry.tag) else {
            return;
        };
        let text = match entry.kind {
            // Windows writes these little endian into any file.
            _ if WIDE.contains(tag) => Some(
                Block {
                    little: true,
                    ..*self
                }
                .wide(entry.value),
            ),
            _ if *tag == USER_COMMENT => self.comment(entry.value),
            2 => Some(plain(entry.value)),
            5 | 10 => self.ratio(entry),
            _ => self.integer(entry, 0).map(|number| number.to_string()),
        };
        if let Some(text) = text {
            found.text(format!("exif.{name}"), &text);
        }
    }

    /// The n-th of an entry's unsigned fractions.
    pub fn fraction(&self, entry: &Entry<'a>, index: usize) -> Option<f64> {
        let of = Block {
            bytes: entry.value,
            little: self.little,
        };
        let (above, below) = (of.u32(index * 8)?, of.u32(index * 8 + 4)?);
        let number = f64::from(above) / f64::from(below);
        (entry.kind == 5 && number.is_finite()).then_some(number)
    }

    /// Exposure times are told as fractions, all else in decimals.
    fn ratio(&self, entry: &Entry<'a>) -> Option<String> {
        let of = Block {
            bytes: entry.value,
            little: self.little,
        };
        let (above, below) = (of.u32(0)?, of.u32(4)?);
        let signed = |word: u32| {
            if entry.kind == 10 {
                f64::from(word as i32)
            } else {
                f64::from(word)
            }
        };
        let number = signed(above) / signed(below);
        if !number.is_finite() {
            return None;
        }
        if entry.tag == 0x829a && number > 0.0 && number < 0.3 {
            return Some(format!("1/{}", (1.0 / number).round()));
        }
        Some(format!("{}", (number * 1000.0).round() / 1000.0))
    }

    /// The first eight bytes name the character set.
    fn comment(&self, value: &[u8]) -> Option<String> {
        let (set, text) = value.split_first_chunk::<8>()?;
        Some(match set {
            b"UNICODE\0" => self.wide(text),
            _ => plain(text),
        })
    }

    fn wide(&self, value: &[u8]) -> String {
        let words = value.as_chunks::<2>().0.iter().map(|word| {
            if self.little {
                u16::from_le_bytes(*word)
            } else {
                u16::from_be_bytes(*word)
            }
        });
        char::decode_utf16(words.take_while(|word| *word != 0))
            .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect()
    }

    /// Where the main subject is: a point, a circle or a rectangle by its middle, in pixels of the stored picture.
    fn subject(&self, entry: &Entry<'a>, found: &mut Gathered<'_>) {
        let numbers: Vec<f64> = (0..4)
            .map_while(|index| self.integer(entry, index))
            .map(f64::from)
            .collect();
        let (width, height) = (
            f64::from(found.probe.stored.width),
            f64::from(found.probe.stored.height),
        );
        let (across, down) = match *numbers.as_slice() {
            [_, _] => (0.0, 0.0),
            [_, _, diameter] => (diameter, diameter),
            [_, _, across, down] => (across, down),
            _ => return,
        };
        found.region(
            MarkKind::Focus,
            [numbers[0] / width, numbers[1] / height],
            [across / width, down / height],
            found.probe.orientation,
        );
    }
}

/// Up to the first NUL; bytes that are no UTF-8 are taken for Latin 1.
pub(super) fn plain(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == 0).unwrap_or(value.len());
    match std::str::from_utf8(&value[..end]) {
        Ok(text) => text.to_owned(),
        Err(_) => value[..end].iter().map(|byte| char::from(*byte)).collect(),
    }
}
