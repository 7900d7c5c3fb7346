//! HEVC's parameter sets in a HEIC file: how large its coded pictures are, grid tiles and hidden ones included, whatever the
//! boxes around them say.
use super::{be16, part};
use crate::{Error, Limits, Result};

const SEQUENCE_PARAMETERS: u8 = 33;

/// Pixels of the pictures of a decoder configuration (`hvcC`); refuses those that are beyond the limits.
pub(super) fn check(configuration: &[u8], limits: &Limits) -> Result<u64> {
    let arrays = part(configuration, 22, 1)?[0];
    let mut pixels = 0;
    let mut at = 23;
    for _ in 0..arrays {
        let kind = part(configuration, at, 1)?[0] & 0x3f;
        let units = be16(configuration, at + 1)?;
        at += 3;
        for _ in 0..units {
            let len = usize::from(be16(configuration, at)?);
            let unit = part(configuration, at + 2, len)?;
            at += 2 + len;
            if kind == SEQUENCE_PARAMETERS {
                let (width, height) =
                    size(unit).ok_or_else(|| Error::corrupt("its parameters of HEVC cannot be read"))?;
                limits.check_size(width, height, true)?;
                pixels = pixels.max(width * height);
            }
        }
    }
    Ok(pixels)
}

/// Width and height of a sequence parameter set, before its own crop.
fn size(unit: &[u8]) -> Option<(u64, u64)> {
    let payload = without_emulation(unit.get(2..)?);
    let mut bits = Bits {
        bytes: &payload,
        at: 0,
    };
    bits.skip(4);
    let layers = bits.read(3)?;
    // Nesting flag, then profile, compatibility, constraints and level.
    bits.skip(1 + 88 + 8);
    let mut present = Vec::new();
    for _ in 0..layers {
        present.push((bits.read(1)?, bits.read(1)?));
    }
    if layers > 0 {
        bits.skip(2 * (8 - layers as usize));
    }
    for (profile, level) in present {
        bits.skip(88 * profile as usize + 8 * level as usize);
    }
    bits.golomb()?;
    if bits.golomb()? == 3 {
        bits.skip(1);
    }
    Some((bits.golomb()?, bits.golomb()?))
}

/// After two zero bytes a three only keeps the stream from looking like a start code.
fn without_emulation(unit: &[u8]) -> Vec<u8> {
    let mut payload: Vec<u8> = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        payload.push(byte);
    }
    payload
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn skip(&mut self, bits: usize) {
        self.at = self.at.saturating_add(bits);
    }

    fn read(&mut self, bits: usize) -> Option<u64> {
        let mut value = 0;
        for _ in 0..bits {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u64::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// A number of as many bits as there are zeros before it.
    fn golomb(&mut self) -> Option<u64> {
        let mut zeros = 0;
        while self.read(1)? == 0 {
            zeros += 1;
            if zeros > 32 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.read(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_bit_by_bit() {
        let mut bits = Bits {
            bytes: &[0b1010_0110, 0b0100_0000],
            at: 0,
        };
        assert_eq!(
            [bits.golomb(), bits.golomb(), bits.golomb(), bits.golomb()],
            [Some(0), Some(1), Some(2), Some(3)]
        );
        assert_eq!(bits.read(9), None);
    }

    #[test]
    fn a_three_after_two_zeros_is_no_data() {
        assert_eq!(
            without_emulation(&[0, 0, 3, 1, 0, 0, 3, 0, 0, 3]),
            [0, 0, 1, 0, 0, 0, 0]
        );
    }
}
