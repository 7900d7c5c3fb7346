//! Effects that look at one pixel at a time, of three bands. The mathematics is that of libvips, and sharp's where it has them.
use minilab_recipe::{Modulate, Rgb};

use super::effect::{in_8_bits, meaning};
use crate::vips::{Call, Fault, Image, Interpretation};

pub(super) fn modulate<'a>(image: &Image<'a>, by: &Modulate) -> Result<Image<'a>, Fault> {
    let lch = space(image, Interpretation::LCH)?;
    let changed = Call::new(c"linear")
        .set(c"in", &lch)
        .set(c"a", &[by.brightness, by.saturation, 1.0][..])
        .set(c"b", &[by.lightness, 0.0, by.hue][..])
        .image()?;
    space(&changed, Interpretation::SRGB)
}

pub(super) fn linear<'a>(image: &Image<'a>, a: &[f64; 3], b: &[f64; 3]) -> Result<Image<'a>, Fault> {
    Call::new(c"linear")
        .set(c"in", image)
        .set(c"a", &a[..])
        .set(c"b", &b[..])
        .set(c"uchar", true)
        .image()
}

pub(super) fn gamma<'a>(image: &Image<'a>, gamma: f64) -> Result<Image<'a>, Fault> {
    Call::new(c"gamma")
        .set(c"in", image)
        .set(c"exponent", gamma)
        .image()
}

pub(super) fn grayscale<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    space(&luminance(image)?, Interpretation::SRGB)
}

pub(super) fn recomb<'a>(image: &Image<'a>, rows: &[[f64; 3]; 3]) -> Result<Image<'a>, Fault> {
    let matrix = Image::matrix(rows.as_flattened(), 3, 1.0, 0.0)?;
    let mixed = Call::new(c"recomb")
        .set(c"in", image)
        .set(c"m", &matrix)
        .image()?;
    meaning(&in_8_bits(&mixed)?, Interpretation::SRGB)
}

/// Middle tones take the colour's hue and chroma; black and white stay.
pub(super) fn tint<'a>(image: &Image<'a>, colour: Rgb) -> Result<Image<'a>, Fault> {
    let [_, a, b] = lab(colour)?;
    let greys: Vec<u8> = (0..=255).collect();
    let greys = meaning(&Image::from_pixels(&greys, 256, 1, 1)?, Interpretation::GREY)?;
    let lightness = Call::new(c"extract_band")
        .set(c"in", &space(&greys, Interpretation::LAB)?)
        .set(c"band", 0)
        .image()?;
    let from_middle = straight(&lightness, &[0.01], &[-0.5])?;
    let squared = Call::new(c"multiply")
        .set(c"left", &from_middle)
        .set(c"right", &from_middle)
        .image()?;
    let weight = straight(&squared, &[-4.0], &[1.0])?;
    let chroma = straight(&weight, &[a, b], &[0.0, 0.0])?;
    let tints = Call::new(c"bandjoin")
        .set(c"in", &[&lightness, &chroma][..])
        .image()?;
    let table = space(&meaning(&tints, Interpretation::LAB)?, Interpretation::SRGB)?;
    by_luminance(image, &table)
}

pub(super) fn duotone<'a>(image: &Image<'a>, shadows: Rgb, highlights: Rgb) -> Result<Image<'a>, Fault> {
    let between = |grey: u8, dark: u8, light: u8| {
        let share = f64::from(grey) / 255.0;
        (f64::from(dark) * (1.0 - share) + f64::from(light) * share).round() as u8
    };
    let (dark, light) = (shadows.0, highlights.0);
    let table: Vec<u8> = (0..=255)
        .flat_map(|grey| [0, 1, 2].map(|band| between(grey, dark[band], light[band])))
        .collect();
    by_luminance(image, &Image::from_pixels(&table, 256, 1, 3)?)
}

pub(super) fn negate<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    Call::new(c"invert").set(c"in", image).image()
}

/// As many pixels as may be become black and white; colours keep their hue and chroma.
pub(super) fn normalise<'a>(image: &Image<'a>, lower: f64, upper: f64) -> Result<Image<'a>, Fault> {
    let lab = space(image, Interpretation::LAB)?;
    let lightness = Call::new(c"extract_band")
        .set(c"in", &lab)
        .set(c"band", 0)
        .image()?;
    let at = |percent: f64| {
        let [threshold] = Call::new(c"percent")
            .set(c"in", &lightness)
            .set(c"percent", percent)
            .numbers([c"threshold"])?;
        Ok::<_, Fault>(f64::from(threshold))
    };
    let (darkest, lightest) = (at(lower)?, at(upper)?);
    // A picture of one tone has no range to stretch.
    if lightest - darkest <= 1.0 {
        return Ok(image.clone());
    }
    let factor = 100.0 / (lightest - darkest);
    let stretched = straight(&lab, &[factor, 1.0, 1.0], &[-darkest * factor, 0.0, 0.0])?;
    space(&meaning(&stretched, Interpretation::LAB)?, Interpretation::SRGB)
}

/// One band of grey.
fn luminance<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    space(image, Interpretation::GREY)
}

/// Every pixel what the table has for its luminance.
fn by_luminance<'a>(image: &Image<'a>, table: &Image<'a>) -> Result<Image<'a>, Fault> {
    let mapped = Call::new(c"maplut")
        .set(c"in", &luminance(image)?)
        .set(c"lut", table)
        .image()?;
    meaning(&mapped, Interpretation::SRGB)
}

fn straight<'a>(image: &Image<'a>, a: &[f64], b: &[f64]) -> Result<Image<'a>, Fault> {
    Call::new(c"linear")
        .set(c"in", image)
        .set(c"a", a)
        .set(c"b", b)
        .image()
}

fn space<'a>(image: &Image<'a>, to: Interpretation) -> Result<Image<'a>, Fault> {
    Call::new(c"colourspace")
        .set(c"in", image)
        .set(c"space", to.0)
        .image()
}

/// CIE L*a*b* of a colour, by the same conversion as the pictures'.
fn lab(colour: Rgb) -> Result<[f64; 3], Fault> {
    let pixel = meaning(&Image::from_pixels(&colour.0, 1, 1, 3)?, Interpretation::SRGB)?;
    let bytes = space(&pixel, Interpretation::LAB)?.pixels()?;
    let (samples, _) = bytes.as_chunks::<4>();
    match samples {
        [l, a, b] => Ok([l, a, b].map(|sample| f64::from(f32::from_ne_bytes(*sample)))),
        _ => Err(Fault("a colour of L*a*b* is three floats".into())),
    }
}
