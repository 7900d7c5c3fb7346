//! Effects on what is there at all: rounded corners, transparency put on a colour.
use minilab_recipe::Rgb;

use super::effect::{alpha, colours, joined, meaning};
use super::{black_where_clear, ink, weighted, with_alpha};
use crate::vips::{Call, Fault, Image, Interpretation};

/// Opaque; a picture without transparency stays as it is.
pub(super) fn flatten<'a>(image: &Image<'a>, colour: Rgb) -> Result<Image<'a>, Fault> {
    if image.has_alpha() {
        super::flatten(image, colour)
    } else {
        Ok(image.clone())
    }
}

/// Rounds the corners. An edge shows as much of the picture as lies within it.
pub(super) fn round<'a>(image: &Image<'a>, radius: u32, background: Option<Rgb>) -> Result<Image<'a>, Fault> {
    let mask = rounded_box(image.width(), image.height(), radius)?;
    match background {
        None => masked(&with_alpha(image)?, &mask),
        Some(colour) => weighted(image, |image| on_ground(image, &mask, colour)),
    }
}

/// 255 within a box of the picture's size with rounded corners, 0 outside.
fn rounded_box(width: u32, height: u32, radius: u32) -> Result<Image<'static>, Fault> {
    // Samples are the middles of their pixels, so the box begins half a pixel before the first.
    let end = |side: u32| f64::from(side) - 0.5;
    let distance = Call::new(c"sdf")
        .set(c"width", width as i32)
        .set(c"height", height as i32)
        .set(c"shape", ROUNDED_BOX)
        .set(c"a", &[-0.5, -0.5][..])
        .set(c"b", &[end(width), end(height)][..])
        .set(c"corners", &[f64::from(radius); 4][..])
        .image()?;
    Call::new(c"linear")
        .set(c"in", &distance)
        .set(c"a", &[-255.0][..])
        .set(c"b", &[128.0][..])
        .set(c"uchar", true)
        .image()
}

const ROUNDED_BOX: i32 = 2;

pub(super) fn masked<'a>(image: &Image<'a>, mask: &Image<'a>) -> Result<Image<'a>, Fault> {
    let shown = Call::new(c"multiply")
        .set(c"left", &alpha(image)?)
        .set(c"right", mask)
        .image()?;
    let shown = Call::new(c"linear")
        .set(c"in", &shown)
        .set(c"a", &[1.0 / 255.0][..])
        .set(c"b", &[0.5][..])
        .set(c"uchar", true)
        .image()?;
    black_where_clear(&joined(&[&colours(image)?, &shown])?)
}

/// A mixture of the picture and a colour, by the mask.
fn on_ground<'a>(image: &Image<'a>, mask: &Image<'a>, colour: Rgb) -> Result<Image<'a>, Fault> {
    let nothing = Call::new(c"black")
        .set(c"width", image.width() as i32)
        .set(c"height", image.height() as i32)
        .set(c"bands", image.bands() as i32)
        .image()?;
    let ink = ink(image, colour);
    let ground = Call::new(c"linear")
        .set(c"in", &nothing)
        .set(c"a", &vec![1.0; ink.len()][..])
        .set(c"b", &ink[..])
        .set(c"uchar", true)
        .image()?;
    let mixed = Call::new(c"ifthenelse")
        .set(c"cond", mask)
        .set(c"in1", image)
        .set(c"in2", &ground)
        .set(c"blend", true)
        .image()?;
    meaning(&mixed, Interpretation::SRGB)
}
