//! Which originals a recipe takes, and the refusal of the others.
use serde::{Serialize, Serializer};

use crate::{Format, Probe, Size};

/// Limits of what is taken. Defaults bound what one upload can cost: see each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accept {
    /// Bytes of the object. 50 MiB: above every camera's JPEG, below what a memory-mapped job may hold.
    pub bytes: u64,
    /// Width x height of what is decoded in strips. 100 M: medium-format cameras and scans.
    pub pixels: u64,
    /// The same for forms that must be decoded as a whole (progressive, interlaced, AVIF, HEIC, JPEG XL); half of `pixels`,
    /// as they need the whole picture in memory at once.
    pub whole_image_pixels: u64,
    /// The longer side. 16,384: beyond it no encoder but PNG follows.
    pub side: u32,
    /// Frames or pages that may be in the file.
    pub frames: u32,
    /// Frames x width x height of an animation that is decoded as one. 100 M: what a still may have.
    #[serde(skip_serializing_if = "is_usual")]
    pub animation_pixels: u64,
    /// Formats by content; sorted.
    #[serde(serialize_with = "formats")]
    pub formats: Vec<Format>,
}

const ANIMATION_PIXELS: u64 = 100_000_000;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_usual(pixels: &u64) -> bool {
    *pixels == ANIMATION_PIXELS
}

/// Taken unless a recipe says otherwise: photographs and what browsers show. JPEG XL and SVG are there on request.
const TAKEN: [Format; 7] = [
    Format::Jpeg,
    Format::Png,
    Format::Webp,
    Format::Avif,
    Format::Gif,
    Format::Tiff,
    Format::Heic,
];

/// The default is written as it was before HEIC was part of it, so that a lane's digest stays what it is: originals that
/// failed as HEIC are tried again by the new engine anyway, all others need not be looked at.
fn formats<S: Serializer>(formats: &[Format], serializer: S) -> Result<S::Ok, S::Error> {
    let written = if formats == TAKEN { &TAKEN[..6] } else { formats };
    written.serialize(serializer)
}

impl Default for Accept {
    fn default() -> Self {
        Self {
            bytes: 50 << 20,
            pixels: 100_000_000,
            whole_image_pixels: 50_000_000,
            side: 16_384,
            frames: 256,
            animation_pixels: ANIMATION_PIXELS,
            formats: TAKEN.to_vec(),
        }
    }
}

/// What becomes of a key whose object is no image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NotAnImage {
    /// Counted, nothing recorded.
    #[default]
    Ignore,
    /// A failure of the original.
    Fail,
}

/// Why an original gets no plan: permanent for these bytes under this recipe.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sentence}")]
pub struct Refusal {
    /// Stable, for machines.
    pub code: RefusalCode,
    /// For people: what, which limit, what to do.
    pub sentence: String,
}

/// Stable codes of refusals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// More bytes than `accept.bytes`.
    TooManyBytes,
    /// More pixels than `accept.pixels` or `accept.whole_image_pixels`, or a longer side than `accept.side`.
    TooManyPixels,
    /// More frames or pages than `accept.frames`.
    TooManyFrames,
    /// A format that `accept.formats` does not name.
    FormatNotAccepted,
    /// The plan would yield more files than one original may have.
    TooManyFiles,
    /// The caller did not look up a trim's rectangle first: a defect of the caller, not of the original.
    TrimUnknown,
    /// The caller did not look for faces first.
    FacesUnknown,
}

impl RefusalCode {
    /// As it is written in records and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TooManyBytes => "too_many_bytes",
            Self::TooManyPixels => "too_many_pixels",
            Self::TooManyFrames => "too_many_frames",
            Self::FormatNotAccepted => "format_not_accepted",
            Self::TooManyFiles => "too_many_files",
            Self::TrimUnknown => "internal_trim_unknown",
            Self::FacesUnknown => "internal_faces_unknown",
        }
    }
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, sentence: impl Into<String>) -> Self {
        Self {
            code,
            sentence: sentence.into(),
        }
    }
}

impl Accept {
    /// May an object of that many bytes be read?
    pub fn bytes(&self, bytes: u64) -> Result<(), Refusal> {
        if bytes > self.bytes {
            return Err(Refusal::new(
                RefusalCode::TooManyBytes,
                format!(
                    "the original has {bytes} bytes, more than accept.bytes allows ({})",
                    self.bytes
                ),
            ));
        }
        Ok(())
    }

    /// May that many frames of an original be decoded?
    pub fn frames(&self, probe: &Probe, frames: u32) -> Result<(), Refusal> {
        let (width, height) = (probe.stored.width, probe.stored.height);
        let pixels = probe.stored.pixels().saturating_mul(frames.into());
        if frames > 1 && pixels > self.animation_pixels {
            let sentence = format!(
                "the original is an animation of {frames} frames of {width}x{height}, {pixels} pixels; \
                 accept.animation_pixels allows {}",
                self.animation_pixels
            );
            return Err(Refusal::new(RefusalCode::TooManyPixels, sentence));
        }
        Ok(())
    }

    /// May an original with that header be decoded?
    pub fn probe(&self, probe: &Probe) -> Result<(), Refusal> {
        if !self.formats.contains(&probe.format) {
            let sentence = format!(
                "the original is {}, which accept.formats does not name",
                probe.format
            );
            return Err(Refusal::new(RefusalCode::FormatNotAccepted, sentence));
        }
        self.size("the original", probe.stored, probe.whole_image)?;
        for (page, header) in &probe.further {
            self.size(&format!("page {page}"), header.stored, probe.whole_image)?;
        }
        if probe.pages > self.frames {
            let sentence = format!(
                "the original has {} frames; accept.frames allows {}",
                probe.pages, self.frames
            );
            return Err(Refusal::new(RefusalCode::TooManyFrames, sentence));
        }
        Ok(())
    }

    fn size(&self, what: &str, size: Size, whole_image: bool) -> Result<(), Refusal> {
        let Size { width, height } = size;
        if width.max(height) > self.side {
            let sentence = format!(
                "{what} is {width}x{height}; accept.side allows {} pixels a side",
                self.side
            );
            return Err(Refusal::new(RefusalCode::TooManyPixels, sentence));
        }
        let (limit, name) = if whole_image {
            (self.whole_image_pixels, "accept.whole_image_pixels")
        } else {
            (self.pixels, "accept.pixels")
        };
        if size.pixels() > limit {
            let sentence = format!(
                "{what} is {width}x{height}, {} pixels; {name} allows {limit}",
                size.pixels()
            );
            return Err(Refusal::new(RefusalCode::TooManyPixels, sentence));
        }
        Ok(())
    }
}
