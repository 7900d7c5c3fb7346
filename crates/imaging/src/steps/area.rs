//! Effects that look at a neighbourhood, everywhere or in parts of a picture.
use minilab_recipe::{Convolve, Rect};

use super::effect::in_8_bits;
use super::{extract, weighted};
use crate::vips::{Call, Fault, Image};

/// Blurs. In a part, what lies around it is seen through its edge, as by a pane of frosted glass.
pub(super) fn blur<'a>(image: &Image<'a>, sigma: f64, parts: Option<&[Rect]>) -> Result<Image<'a>, Fault> {
    let blurred = weighted(image, |image| {
        Call::new(c"gaussblur")
            .set(c"in", image)
            .set(c"sigma", sigma)
            .image()
    })?;
    let Some(parts) = parts else { return Ok(blurred) };
    parts.iter().try_fold(image.clone(), |image, &part| {
        put(&image, &extract(&blurred, part)?, part)
    })
}

/// Squares of their mean colour, beginning at the upper left.
pub(super) fn pixelate<'a>(image: &Image<'a>, size: u32, parts: Option<&[Rect]>) -> Result<Image<'a>, Fault> {
    let Some(parts) = parts else {
        return mosaic(image, size);
    };
    parts.iter().try_fold(image.clone(), |image, &part| {
        put(&image, &mosaic(&extract(&image, part)?, size)?, part)
    })
}

fn mosaic<'a>(image: &Image<'a>, size: u32) -> Result<Image<'a>, Fault> {
    let whole = Rect {
        left: 0,
        top: 0,
        width: image.width(),
        height: image.height(),
    };
    let means = weighted(image, |image| {
        Call::new(c"shrink")
            .set(c"in", image)
            .set(c"hshrink", f64::from(size))
            .set(c"vshrink", f64::from(size))
            .set(c"ceil", true)
            .image()
    })?;
    let squares = Call::new(c"zoom")
        .set(c"input", &means)
        .set(c"xfac", size as i32)
        .set(c"yfac", size as i32)
        .image()?;
    extract(&squares, whole)
}

fn put<'a>(image: &Image<'a>, part: &Image<'a>, at: Rect) -> Result<Image<'a>, Fault> {
    Call::new(c"insert")
        .set(c"main", image)
        .set(c"sub", part)
        .set(c"x", at.left as i32)
        .set(c"y", at.top as i32)
        .image()
}

/// Sharpens luminance alone, so that no colours appear at edges. Of three bands.
pub(super) fn sharpen<'a>(image: &Image<'a>, sigma: f64, m1: f64, m2: f64) -> Result<Image<'a>, Fault> {
    Call::new(c"sharpen")
        .set(c"in", image)
        .set(c"sigma", sigma)
        .set(c"m1", m1)
        .set(c"m2", m2)
        .image()
}

pub(super) fn convolve<'a>(image: &Image<'a>, by: &Convolve) -> Result<Image<'a>, Fault> {
    let mask = Image::matrix(&by.kernel, by.width, by.scale, by.offset)?;
    weighted(image, |image| {
        let sum = Call::new(c"conv").set(c"in", image).set(c"mask", &mask).image()?;
        if image.has_alpha() {
            Ok(sum)
        } else {
            in_8_bits(&sum)
        }
    })
}
