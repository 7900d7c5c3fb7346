//! Which effect is made where, and what they share: alpha is kept apart, and samples end as they began.
use minilab_recipe::Effect;

use super::{NEAREST_INTEGER, area, shape, tone, weighted};
use crate::vips::{BandFormat, Call, Fault, Image, Interpretation};

pub(super) fn apply<'a>(image: &Image<'a>, effect: &Effect) -> Result<Image<'a>, Fault> {
    match effect {
        Effect::Modulate(by) => on_colours(image, |colours| tone::modulate(colours, by)),
        Effect::Linear { a, b } => on_colours(image, |colours| tone::linear(colours, a, b)),
        Effect::Gamma(gamma) => on_colours(image, |colours| tone::gamma(colours, *gamma)),
        Effect::Grayscale => on_colours(image, tone::grayscale),
        Effect::Recomb(rows) => on_colours(image, |colours| tone::recomb(colours, rows)),
        Effect::Tint(colour) => on_colours(image, |colours| tone::tint(colours, *colour)),
        Effect::Duotone { shadows, highlights } => {
            on_colours(image, |colours| tone::duotone(colours, *shadows, *highlights))
        }
        Effect::Negate => on_colours(image, tone::negate),
        Effect::Normalise { lower, upper } => {
            // Looked at twice: once for the range, once to be stretched.
            on_colours(&image.in_memory()?, |colours| {
                tone::normalise(colours, *lower, *upper)
            })
        }
        Effect::Blur { sigma, parts } => area::blur(image, *sigma, parts.as_deref()),
        Effect::Pixelate { size, parts } => area::pixelate(image, *size, parts.as_deref()),
        Effect::Sharpen { sigma, m1, m2 } => weighted(image, |image| {
            let samples = meaning(&in_8_bits(image)?, Interpretation::SRGB)?;
            on_colours(&samples, |colours| area::sharpen(colours, *sigma, *m1, *m2))
        }),
        Effect::Convolve(kernel) => area::convolve(image, kernel),
        Effect::Flatten(colour) => shape::flatten(image, *colour),
        Effect::Round { radius, background } => shape::round(image, *radius, *background),
    }
}

/// Changes colours; transparency stays as it is.
fn on_colours<'a>(
    image: &Image<'a>,
    change: impl FnOnce(&Image<'a>) -> Result<Image<'a>, Fault>,
) -> Result<Image<'a>, Fault> {
    if !image.has_alpha() {
        return change(image);
    }
    let changed = change(&colours(image)?)?;
    joined(&[&changed, &alpha(image)?])
}

/// Red, green and blue.
pub(super) fn colours<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    Call::new(c"extract_band")
        .set(c"in", image)
        .set(c"band", 0)
        .set(c"n", 3)
        .image()
}

/// The last band.
pub(super) fn alpha<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    Call::new(c"extract_band")
        .set(c"in", image)
        .set(c"band", image.bands() as i32 - 1)
        .image()
}

/// All bands behind each other, as sRGB samples.
pub(super) fn joined<'a>(images: &[&Image<'a>]) -> Result<Image<'a>, Fault> {
    let joined = Call::new(c"bandjoin").set(c"in", images).image()?;
    meaning(&joined, Interpretation::SRGB)
}

/// Says what samples mean.
pub(super) fn meaning<'a>(image: &Image<'a>, meaning: Interpretation) -> Result<Image<'a>, Fault> {
    Call::new(c"copy")
        .set(c"in", image)
        .set(c"interpretation", meaning.0)
        .image()
}

/// Samples of 8 bits again, rounded and not wrapped.
pub(super) fn in_8_bits<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    if image.band_format() == BandFormat::UCHAR {
        return Ok(image.clone());
    }
    let rounded = Call::new(c"round")
        .set(c"in", image)
        .set(c"round", NEAREST_INTEGER)
        .image()?;
    Call::new(c"cast")
        .set(c"in", &rounded)
        .set(c"format", BandFormat::UCHAR.0)
        .image()
}
