//! libvips through the safe part of the binding that minilab's imaging uses too, and nothing of imaging itself.
//!
//! The binding lets a misspelt option pass, so the names below are checked by result: the floor's files are compared
//! with those of the other contenders, byte by byte where settings are equal.
use anyhow::{Context as _, Result};
use libvips::{
    Vips, VipsImage,
    voption::{Setter as _, VOption},
};

use crate::settings::Format;

const SEQUENTIAL: i32 = 1;
const LANCZOS3: i32 = 5;
const KEEP_NONE: i32 = 0;
const PERCEPTUAL_TABLE: i32 = 3;
const AV1: i32 = 4;

/// Starts libvips with one thread for each image and no memory of earlier operations.
pub fn start() -> Result<()> {
    Vips::init("minilab-bench").context("libvips does not start")?;
    Vips::concurrency_set(1);
    Vips::cache_set_max(0);
    Ok(())
}

/// Opens an original to be read from top to bottom, a JPEG at the smallest size that is not below `width`.
pub fn open(bytes: &[u8], width: i32) -> Result<VipsImage> {
    let sequential = || VOption::new().set("access", SEQUENTIAL);
    let image = VipsImage::new_from_buffer_with_opts(bytes, "", sequential())?;
    let is_jpeg = bytes.starts_with(&[0xff, 0xd8]);
    let shrink = [8, 4, 2].into_iter().find(|by| image.get_width() / by >= width);
    match shrink {
        Some(shrink) if is_jpeg => Ok(VipsImage::new_from_buffer_with_opts(
            bytes,
            "",
            sequential().set("shrink", shrink),
        )?),
        _ => Ok(image),
    }
}

/// Resizes to exactly this width and height.
pub fn resize(image: &VipsImage, width: i32, height: i32) -> Result<VipsImage> {
    let scale = f64::from(width) / f64::from(image.get_width());
    let vscale = f64::from(height) / f64::from(image.get_height());
    let option = VOption::new().set("vscale", vscale).set("kernel", LANCZOS3);
    Ok(image.resize_with_opts(scale, option)?)
}

/// Encodes as the settings say, without metadata.
pub fn encode(image: &VipsImage, format: Format) -> Result<Vec<u8>> {
    let option = VOption::new().set("keep", KEEP_NONE);
    Ok(match format {
        Format::Jpeg {
            quality,
            effort,
            progressive,
        } => image.jpegsave_buffer_with_opts(
            option
                .set("Q", quality)
                .set("interlace", progressive)
                .set("optimize_coding", true)
                .set("trellis_quant", effort >= 1)
                .set("overshoot_deringing", effort >= 1)
                .set("optimize_scans", effort >= 2 && progressive)
                .set("quant_table", if effort >= 1 { PERCEPTUAL_TABLE } else { 0 }),
        )?,
        Format::Webp { quality, effort } => {
            image.webpsave_buffer_with_opts(option.set("Q", quality).set("effort", effort))?
        }
        Format::Avif { quality, effort } => image.heifsave_buffer_with_opts(
            option
                .set("compression", AV1)
                .set("Q", quality)
                .set("effort", effort)
                .set("bitdepth", 8),
        )?,
    })
}
