//! What fills a canvas around a picture and is taken from the picture itself.
use minilab_recipe::{Kernel, Rect, Rgb, Size};

use super::{extract, resize, with_alpha};
use crate::analysis;
use crate::vips::{Call, Fault, Image};

/// The blurred ground is made this small and enlarged: nobody sees a difference, and a large blur is slow.
const GROUND_SIDE_MAX: f64 = 256.0;

/// Of the blur, on the small ground.
const SIGMA: f64 = 8.0;

/// Blend mode of libvips: the upper one over the lower one.
const OVER: i32 = 2;

/// The picture on a ground of itself, which covers the canvas.
pub(super) fn blurred<'a>(image: &Image<'a>, size: Size, left: u32, top: u32) -> Result<Image<'a>, Fault> {
    // Read twice, and the second time in another order.
    let image = image.in_memory()?;
    let ground = ground(&image, size)?;
    if image.has_alpha() {
        return Call::new(c"composite2")
            .set(c"base", &ground)
            .set(c"overlay", &image)
            .set(c"mode", OVER)
            .set(c"x", left as i32)
            .set(c"y", top as i32)
            .image();
    }
    Call::new(c"insert")
        .set(c"main", &ground)
        .set(c"sub", &image)
        .set(c"x", left as i32)
        .set(c"y", top as i32)
        .image()
}

fn ground<'a>(image: &Image<'a>, canvas: Size) -> Result<Image<'a>, Fault> {
    let longer = f64::from(canvas.width.max(canvas.height));
    let scale = (GROUND_SIDE_MAX / longer).min(1.0);
    let side = |pixels: u32| (f64::from(pixels) * scale).round().max(1.0) as u32;
    let (width, height) = (side(canvas.width), side(canvas.height));
    let cover = f64::max(
        f64::from(width) / f64::from(image.width()),
        f64::from(height) / f64::from(image.height()),
    );
    let covering = Size {
        width: ((f64::from(image.width()) * cover).round() as u32).max(width),
        height: ((f64::from(image.height()) * cover).round() as u32).max(height),
    };
    let small = resize(image, covering, Kernel::Linear)?;
    let middle = Rect {
        left: (covering.width - width) / 2,
        top: (covering.height - height) / 2,
        width,
        height,
    };
    let sigma = (SIGMA * longer.min(GROUND_SIDE_MAX) / GROUND_SIDE_MAX).max(0.5);
    let soft = super::area::blur(&extract(&small, middle)?, sigma, None)?;
    resize(&soft.in_memory()?, canvas, Kernel::Cubic)
}

/// What most of the edge has: a colour in the image's bands, or nothing where the edge is mostly transparent.
pub(super) fn edge(image: &Image<'_>) -> Result<Vec<f64>, Fault> {
    let image = image.in_memory()?;
    let (width, height) = (image.width(), image.height());
    let thick = (width.min(height) / 50).max(1);
    let strip = |left, top, width, height| Rect {
        left,
        top,
        width,
        height,
    };
    let strips = [
        strip(0, 0, width, thick),
        strip(0, height - thick, width, thick),
        strip(0, 0, thick, height),
        strip(width - thick, 0, thick, height),
    ];
    let mut rgba = Vec::new();
    for part in strips {
        rgba.extend(with_alpha(&extract(&image, part)?)?.pixels()?);
    }
    let pixels = rgba.as_chunks::<4>().0;
    let shown: u64 = pixels.iter().map(|pixel| u64::from(pixel[3])).sum();
    if shown < pixels.len() as u64 * 128 {
        return Ok(vec![0.0; image.bands() as usize]);
    }
    let Rgb(samples) = analysis::dominant(&rgba);
    Ok(super::ink(&image, Rgb(samples)))
}
