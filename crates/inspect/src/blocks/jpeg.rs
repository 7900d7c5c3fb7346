//! JPEG: segments, and the entropy-coded data between them.
use super::be16;

const END: u8 = 0xd9;

/// A marker and its payload.
pub struct Segment<'a> {
    /// The byte after 0xff.
    pub marker: u8,
    /// Without its length.
    pub payload: &'a [u8],
}

/// Segments in order; entropy-coded data between them is skipped. Ends at the end marker or at damage.
pub fn segments(bytes: &[u8]) -> impl Iterator<Item = Segment<'_>> {
    let mut walk = Walk { bytes, at: 2 };
    std::iter::from_fn(move || walk.next().ok())
}

/// Where a walk has come to.
pub(crate) struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Why there is no further segment.
pub(crate) enum Over {
    /// The end marker, which ends here.
    End(usize),
    Damage,
}

impl<'a> Walk<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 2 }
    }

    pub(crate) fn next(&mut self) -> Result<Segment<'a>, Over> {
        loop {
            // After a scan anything may follow up to the next marker that is not stuffing or a restart.
            let rest = self.bytes.get(self.at..).ok_or(Over::Damage)?;
            let start = self.at + rest.iter().position(|byte| *byte == 0xff).ok_or(Over::Damage)?;
            let marker = *self.bytes.get(start + 1).ok_or(Over::Damage)?;
            match marker {
                0 | 0x01 | 0xd0..=0xd8 => self.at = start + 2,
                0xff => self.at = start + 1,
                END => return Err(Over::End(start + 2)),
                _ => {
                    let len = usize::from(be16(self.bytes, start + 2).ok_or(Over::Damage)?);
                    let payload = self.bytes.get(start + 4..start + 2 + len).ok_or(Over::Damage)?;
                    self.at = start + 2 + len;
                    return Ok(Segment { marker, payload });
                }
            }
        }
    }
}
