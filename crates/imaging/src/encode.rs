//! Pixels out: one file, with just the metadata that it may carry.
use std::time::Duration;

use minilab_recipe::{Encoding, Keep, Note, Score, Size};

use crate::vips::{Blob, Image};
use crate::{Error, Result, encoders};

/// One file, encoded.
#[derive(Debug)]
pub struct Encoded {
    /// Its bytes.
    pub bytes: Blob,
    /// Its size.
    pub size: Size,
    /// What the encoder was told in the end, where its quality was searched.
    pub quality: Option<u8>,
    /// How it looks beside what it was encoded from, where that was sought.
    pub score: Option<Score>,
    /// What it took.
    pub timing: Timing,
    /// What showed only while it was made, and what was sought and not reached.
    pub notes: Vec<Note>,
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
const IPTC: i32 = 4;
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
    let iptc = if keep.iptc { IPTC } else { KEEP_NONE };
    let icc = if profile == Profile::Absent {
        KEEP_NONE
    } else {
        ICC
    };
    exif | xmp | iptc | icc
}

/// Encodes an image that is ready for its format.
pub(crate) fn write(image: &Image<'_>, encoding: &Encoding, keep: Keep, profile: Profile) -> Result<Blob> {
    let call = encoders::call(encoding)
        .set(c"in", image)
        .set(c"keep", keep_flags(keep, profile));
    let call = if profile == Profile::Srgb {
        call.set(c"profile", c"srgb")
    } else {
        call
    };
    call.blob()
        .map_err(|fault| Error::encoding(encoding.format(), fault))
}

/// Refuses an encoding that would lose transparency behind the plan's back.
pub(crate) fn check_alpha(image: &Image<'_>, encoding: &Encoding) -> Result<()> {
    if image.has_alpha() && !encoding.has_alpha() {
        let format = encoding.format();
        return Err(Error::internal(format!(
            "the plan names no colour to put transparency on for {format}"
        )));
    }
    Ok(())
}
