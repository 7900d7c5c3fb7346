//! Resampling of light: samples are made proportional to it first, as mixing colours of paper and screen is mixing light.
use minilab_recipe::{Kernel, Size};

use super::effect::{alpha, colours, in_8_bits, joined};
use crate::vips::{BandFormat, Call, Fault, Image, Interpretation};

/// Resamples to exactly this size. Profiles other than sRGB are taken for its tone curve, which that of Display P3 is.
pub(super) fn resize<'a>(image: &Image<'a>, size: Size, kernel: Kernel) -> Result<Image<'a>, Fault> {
    if !image.has_alpha() {
        return stored(&super::resize(&light(image)?, size, kernel)?);
    }
    // By hand what `premultiply` does: light is weighed by alpha from 0 to 1.
    let share = straight(&alpha(image)?, 1.0 / 255.0)?;
    let weighed = Call::new(c"multiply")
        .set(c"left", &light(&colours(image)?)?)
        .set(c"right", &share)
        .image()?;
    let small = super::resize(&weighed, size, kernel)?;
    let shown = super::resize(&share, size, kernel)?;
    let plain = Call::new(c"divide")
        .set(c"left", &small)
        .set(c"right", &shown)
        .image()?;
    let shown = in_8_bits(&straight(&shown, 255.0)?)?;
    super::black_where_clear(&joined(&[&stored(&plain)?, &shown])?)
}

fn light<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    space(image, Interpretation::SCRGB)
}

fn stored<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    let meant = super::effect::meaning(image, Interpretation::SCRGB)?;
    let samples = space(&meant, Interpretation::SRGB)?;
    debug_assert_eq!(samples.band_format(), BandFormat::UCHAR);
    Ok(samples)
}

fn space<'a>(image: &Image<'a>, to: Interpretation) -> Result<Image<'a>, Fault> {
    Call::new(c"colourspace")
        .set(c"in", image)
        .set(c"space", to.0)
        .image()
}

fn straight<'a>(image: &Image<'a>, a: f64) -> Result<Image<'a>, Fault> {
    Call::new(c"linear")
        .set(c"in", image)
        .set(c"a", &[a][..])
        .set(c"b", &[0.0][..])
        .image()
}
