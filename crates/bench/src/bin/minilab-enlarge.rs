//! Makes an original of a wanted size from a photograph: `minilab-enlarge PIXELS PHOTO OUT.jpg|OUT.png`.
//!
//! Sides of 3 to 2. Where the photograph has too few pixels it is tiled, so that every part looks like a photograph.
use std::{env, fs, path::PathBuf};

use anyhow::{Context as _, Result};
use libvips::{
    VipsImage,
    voption::{Setter as _, VOption},
};
use minilab_bench::vips;

fn main() -> Result<()> {
    let usage = "usage: minilab-enlarge PIXELS PHOTO OUT.jpg|OUT.png";
    let mut arguments = env::args().skip(1);
    let pixels: f64 = arguments.next().context(usage)?.parse().context(usage)?;
    let photo = PathBuf::from(arguments.next().context(usage)?);
    let out = PathBuf::from(arguments.next().context(usage)?);
    vips::start()?;
    let image = VipsImage::new_from_buffer(&fs::read(&photo)?, "")?.copy_memory()?;
    let height = (pixels / 1.5).sqrt().round() as i32;
    let width = (pixels / f64::from(height)).round() as i32;
    let sized = sized(&image, width, height)?;
    let whole = out.extension().is_some_and(|e| e == "png");
    let encoded = if whole {
        sized.pngsave_buffer_with_opts(VOption::new().set("compression", 2))?
    } else {
        sized.jpegsave_buffer_with_opts(VOption::new().set("Q", 92))?
    };
    let partial = out.with_extension("partial");
    fs::write(&partial, encoded).with_context(|| format!("cannot write {}", partial.display()))?;
    fs::rename(&partial, &out)?;
    Ok(())
}

fn sized(image: &VipsImage, width: i32, height: i32) -> Result<VipsImage> {
    let (has_width, has_height) = (image.get_width(), image.get_height());
    if width * 4 <= has_width {
        return vips::resize(image, width, height);
    }
    let across = (width + has_width - 1) / has_width;
    let down = (height + has_height - 1) / has_height;
    let tiled = image.replicate(across, down)?;
    Ok(tiled.extract_area(0, 0, width, height)?)
}
