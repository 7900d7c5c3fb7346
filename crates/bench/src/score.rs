//! How alike two pictures look: SSIMULACRA2, 100 for the same, about 90 for no visible difference, 70 for good quality.
use anyhow::{Context as _, Result};
use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};

use crate::picture::Picture;

/// A picture that others are compared with.
pub struct Reference(Ssimulacra2Reference);

impl Reference {
    /// Prepares it once for all comparisons.
    pub fn new(picture: &Picture) -> Result<Self> {
        let slice = slice(picture)?;
        Ok(Self(
            Ssimulacra2Reference::new(&slice).context("cannot prepare a reference")?,
        ))
    }

    /// The score of a picture of the same size.
    pub fn score(&self, picture: &Picture) -> Result<f64> {
        self.0
            .compare(&slice(picture)?)
            .context("cannot compare two pictures")
    }
}

fn slice(picture: &Picture) -> Result<PixelSlice<'_>> {
    let Picture { width, height, rgb } = picture;
    PixelSlice::new(
        rgb,
        *width,
        *height,
        *width as usize * 3,
        PixelDescriptor::RGB8_SRGB,
    )
    .map_err(|error| anyhow::anyhow!("{error:?}"))
    .context("a picture's samples do not fit its size")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(noise: u8) -> Picture {
        let rgb = (0..64 * 64 * 3u32)
            .map(|sample| (sample / 64) as u8 ^ (sample as u8 & noise))
            .collect();
        Picture {
            width: 64,
            height: 64,
            rgb,
        }
    }

    #[test]
    fn same_pictures_score_a_hundred_and_worse_ones_less() {
        let reference = Reference::new(&gradient(0)).unwrap();
        let [same, near, far] = [0, 3, 31].map(|noise| reference.score(&gradient(noise)).unwrap());
        assert!((same - 100.0).abs() < 1e-6, "{same}");
        assert!(same > near && near > far, "{same} {near} {far}");
    }

    #[test]
    fn pictures_of_other_sizes_are_refused() {
        let reference = Reference::new(&gradient(0)).unwrap();
        let mut other = gradient(0);
        other.height = 32;
        other.rgb.truncate(64 * 32 * 3);
        assert!(reference.score(&other).is_err());
    }
}
