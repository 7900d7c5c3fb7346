//! Pixels out: each encoder told exactly what the plan says, and its output looked at before it leaves.
use std::time::Duration;

use minilab_recipe::{Encoding, Keep, OutputFormat, Size, Subsampling};

use crate::vips::{Blob, Call, Image};
use crate::{Error, Result};

/// One file, encoded.
#[derive(Debug)]
pub struct Encoded {
    /// Its bytes.
    pub bytes: Blob,
    /// Its size.
    pub size: Size,
    /// What it took.
    pub timing: Timing,
}

/// Where the time of one file went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timing {
    /// Making the image from its level; nothing if an earlier file had made it.
    pub steps: Duration,
    /// Encoding it and looking at the result.
    pub encode: Duration,
}

const KEEP_NONE: i32 = 0;
const EXIF: i32 = 1;
const XMP: i32 = 2;
const ICC: i32 = 8;

/// The colour profile that a file carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    /// None: readers take samples for sRGB.
    Absent,
    /// The one that lies on the image.
    OnImage,
    /// Plain sRGB, said aloud.
    Srgb,
}

fn keep_flags(keep: Keep, profile: Profile) -> i32 {
    let exif = if keep.exif || keep.copyright || keep.gps {
        EXIF
    } else {
        KEEP_NONE
    };
    let xmp = if keep.xmp { XMP } else { KEEP_NONE };
    let icc = if profile == Profile::Absent {
        KEEP_NONE
    } else {
        ICC
    };
    exif | xmp | icc
}

/// Encodes an image that is ready for its format.
pub(crate) fn write(image: &Image<'_>, encoding: &Encoding, keep: Keep, profile: Profile) -> Result<Blob> {
    let call = match *encoding {
        Encoding::Jpeg {
            quality,
            effort,
            progressive,
            subsampling,
        } => Call::new(c"jpegsave_buffer")
            .set(c"Q", i32::from(quality))
            .set(c"subsample_mode", subsample_mode(subsampling))
            .set(c"interlace", progressive)
            .set(c"optimize_coding", true)
            .set(c"trellis_quant", effort >= 1)
            .set(c"overshoot_deringing", effort >= 1)
            .set(c"optimize_scans", effort >= 2 && progressive)
            .set(
                c"quant_table",
                if effort >= 1 {
                    PERCEPTUAL_TABLE
                } else {
                    STANDARD_TABLE
                },
            ),
        Encoding::Webp {
            quality,
            effort,
            lossless,
        } => Call::new(c"webpsave_buffer")
            .set(c"Q", i32::from(quality))
            .set(c"effort", i32::from(effort))
            .set(c"lossless", lossless),
        Encoding::Avif {
            quality,
            effort,
            lossless,
            subsampling,
        } => Call::new(c"heifsave_buffer")
            .set(c"compression", AV1)
            .set(c"Q", i32::from(quality))
            .set(c"effort", i32::from(effort))
            .set(c"lossless", lossless)
            .set(c"bitdepth", 8)
            .set(c"subsample_mode", subsample_mode(subsampling)),
        Encoding::Png { compression, palette } => Call::new(c"pngsave_buffer")
            .set(c"compression", i32::from(compression))
            .set(c"palette", palette),
    };
    let call = call.set(c"in", image).set(c"keep", keep_flags(keep, profile));
    let call = if profile == Profile::Srgb {
        call.set(c"profile", c"srgb")
    } else {
        call
    };
    call.blob()
        .map_err(|fault| Error::encoding(encoding.format(), fault))
}

/// mozjpeg's table tuned by N. Robidoux, its default.
const PERCEPTUAL_TABLE: i32 = 3;
/// The one in the JPEG standard.
const STANDARD_TABLE: i32 = 0;
const AV1: i32 = 4;

fn subsample_mode(subsampling: Subsampling) -> i32 {
    match subsampling {
        Subsampling::Auto => 0,
        Subsampling::On => 1,
        Subsampling::Off => 2,
    }
}

/// Refuses an encoding that would lose transparency behind the plan's back.
pub(crate) fn check_alpha(image: &Image<'_>, format: OutputFormat) -> Result<()> {
    if image.has_alpha() && !format.has_alpha() {
        return Err(Error::internal(format!(
            "the plan names no colour to put transparency on for {format}"
        )));
    }
    Ok(())
}
