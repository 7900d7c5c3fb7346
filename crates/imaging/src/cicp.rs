//! Colours told by numbers (ITU-T H.273: primaries and transfer), as HEIF says them, turned into a profile.
use jxl_color::icc::colour_encoding_to_icc;
use jxl_color::{ColourSpace, EnumColourEncoding, Primaries, RenderingIntent, TransferFunction, WhitePoint};

use crate::{Error, Result};

const BT2020: u16 = 9;
const DCI_P3: u16 = 11;
const DISPLAY_P3: u16 = 12;
const PQ: u16 = 16;
const HLG: u16 = 18;

/// A profile for such samples; none where they are sRGB or near enough for every browser to treat them so. Pictures of
/// high dynamic range are refused: shown as if they were not, they are pale and dark.
pub(crate) fn profile(primaries: u16, transfer: u16, format: &str) -> Result<Option<Vec<u8>>> {
    let range = match transfer {
        PQ => Some("PQ"),
        HLG => Some("HLG"),
        _ => None,
    };
    if let Some(range) = range {
        return Err(Error::unsupported(format!(
            "a {format} picture of high dynamic range ({range})"
        )));
    }
    let primaries = match primaries {
        BT2020 => Primaries::Bt2100,
        DCI_P3 | DISPLAY_P3 => Primaries::P3,
        _ => return Ok(None),
    };
    // Photographs of ordinary range are made for the curve of the screens that they are looked at on.
    Ok(Some(colour_encoding_to_icc(&EnumColourEncoding {
        colour_space: ColourSpace::Rgb,
        white_point: WhitePoint::D65,
        primaries,
        tf: TransferFunction::Srgb,
        rendering_intent: RenderingIntent::Relative,
    })))
}
