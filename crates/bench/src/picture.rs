//! Pictures as plain samples, for comparing: decoded whole, in sRGB, without transparency.
use anyhow::{Result, ensure};
use libvips::{
    VipsImage,
    enums::Interpretation,
    voption::{Setter as _, VOption},
};

use crate::vips;

/// 8-bit sRGB samples, three a pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Samples.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Decodes a file.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        Self::of(&VipsImage::new_from_buffer(bytes, "")?)
    }

    /// Decodes an original at full size and resizes it in one step: what all contenders are compared with.
    pub fn reference(bytes: &[u8], width: u32, height: u32) -> Result<Self> {
        let image = VipsImage::new_from_buffer(bytes, "")?;
        Self::of(&vips::resize(&image, width as i32, height as i32)?)
    }

    fn of(image: &VipsImage) -> Result<Self> {
        let image = if image.get_typeof("icc-profile-data")? == 0 {
            image.colourspace(Interpretation::Srgb)?
        } else {
            image.icc_transform_with_opts("srgb", VOption::new().set("embedded", true).set("depth", 8))?
        };
        let image = if image.hasalpha() {
            image.flatten_with_opts(VOption::new().set("background", &[255.0; 3]))?
        } else {
            image
        };
        let (width, height) = (image.get_width() as u32, image.get_height() as u32);
        let rgb = image.write_to_memory();
        ensure!(
            rgb.len() == width as usize * height as usize * 3,
            "a picture of {width} x {height} has {} samples",
            rgb.len()
        );
        Ok(Self { width, height, rgb })
    }
}
