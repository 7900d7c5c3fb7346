//! What an original may cost at most.
use minilab_recipe::{Format, Probe, Size};

use crate::{Error, Result};

/// Bounds on an original, checked before its pixels are decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Width times height of forms that are decoded row by row.
    pub pixels_max: u64,
    /// Width times height of forms that must be decoded as a whole (interlaced, progressive, lossless WebP, AVIF,
    /// HEIC, JPEG XL), and of drawings.
    pub pixels_whole_image_max: u64,
    /// Width and height.
    pub side_px_max: u32,
    /// Samples per pixel.
    pub bands_max: u32,
    /// Frames or pages.
    pub frames_max: u32,
    /// Segments, chunks or boxes of the container.
    pub chunks_max: u32,
    /// Scans of a progressive JPEG: each costs a pass over the whole picture.
    pub jpeg_scans_max: u32,
    /// Bytes of EXIF.
    pub exif_bytes_max: u64,
    /// Bytes of colour profiles (ICC), inflated.
    pub icc_bytes_max: u64,
    /// Bytes of XMP, inflated.
    pub xmp_bytes_max: u64,
    /// Bytes of all metadata, texts and comments included, inflated.
    pub metadata_bytes_max: u64,
    /// Formats that are looked into; empty: all that the engine decodes.
    pub formats: Vec<Format>,
    /// Pages after the first whose header is read, where they are there.
    pub pages: Vec<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pixels_max: 100_000_000,
            pixels_whole_image_max: 50_000_000,
            side_px_max: 16_384,
            bands_max: 5,
            frames_max: 256,
            chunks_max: 1_000,
            jpeg_scans_max: 100,
            exif_bytes_max: 1 << 20,
            icc_bytes_max: 4 << 20,
            xmp_bytes_max: 1 << 20,
            metadata_bytes_max: 8 << 20,
            formats: Vec::new(),
            pages: Vec::new(),
        }
    }
}

impl Limits {
    /// Refuses a format before its header is read: what nobody asked for has no decoder to attack.
    pub(crate) fn check_format(&self, format: Format) -> Result<()> {
        if self.formats.is_empty() || self.formats.contains(&format) {
            return Ok(());
        }
        Err(Error::NotAccepted { format })
    }

    /// Refuses a picture of this size.
    pub(crate) fn check_size(&self, width: u64, height: u64, whole_image: bool) -> Result<Size> {
        if width == 0 || height == 0 {
            return Err(Error::corrupt("its header says that it has no pixels"));
        }
        within(
            "pixels on its longer side",
            width.max(height),
            self.side_px_max.into(),
        )?;
        let max = if whole_image {
            self.pixels_whole_image_max
        } else {
            self.pixels_max
        };
        within("pixels", width.saturating_mul(height), max)?;
        Ok(Size {
            width: width as u32,
            height: height as u32,
        })
    }

    /// Refuses what a loader reports beyond the limits.
    pub(crate) fn check(&self, probe: &Probe, bands: u32) -> Result<()> {
        self.check_size(
            probe.stored.width.into(),
            probe.stored.height.into(),
            probe.whole_image,
        )?;
        within("frames", probe.pages.into(), self.frames_max.into())?;
        within("samples per pixel", bands.into(), self.bands_max.into())
    }
}

/// Refuses more than `max`.
pub(crate) fn within(limit: &'static str, found: u64, max: u64) -> Result<()> {
    if found > max {
        Err(Error::TooLarge { limit, found, max })
    } else {
        Ok(())
    }
}
