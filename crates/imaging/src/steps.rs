//! The plan's steps on pixels. Each is one or two operations of libvips; transparent pixels weigh nothing where samples mix.
mod area;
mod backdrop;
mod caption;
mod effect;
mod light;
mod overlay;
mod shape;
mod tone;

use minilab_recipe::{ExtendMode, Interest, Kernel, Rect, Rgb, Size, Step, Turn};

use crate::atelier::Atelier;
use crate::vips::{BandFormat, Call, Fault, Image};
use crate::{Error, Result};

/// Applies the steps in order.
pub(crate) fn apply<'a>(image: &Image<'a>, steps: &[Step], atelier: &mut Atelier<'a>) -> Result<Image<'a>> {
    steps.iter().try_fold(image.clone(), |image, step| {
        overlay::apply(&image, step, atelier).unwrap_or_else(|| one(&image, step).map_err(Error::computing))
    })
}

fn one<'a>(image: &Image<'a>, step: &Step) -> Result<Image<'a>, Fault> {
    match *step {
        // Of a still, which is its own first frame.
        Step::Frame(_) => Ok(image.clone()),
        Step::Turn(by) => turn(image, by),
        Step::Rotate { degrees, background } => rotate(image, degrees, background),
        Step::Flip => mirror(image, VERTICAL),
        Step::Flop => mirror(image, HORIZONTAL),
        Step::Extract(part) => extract(image, part),
        Step::Resize {
            size,
            kernel,
            linear: false,
        } => resize(image, size, kernel),
        Step::Resize {
            size,
            kernel,
            linear: true,
        } => light::resize(image, size, kernel),
        Step::SmartCrop { size, interest } => Call::new(c"smartcrop")
            .set(c"input", image)
            .set(c"width", size.width as i32)
            .set(c"height", size.height as i32)
            .set(c"interesting", interesting(interest))
            .image(),
        Step::Extend {
            size,
            left,
            top,
            mode,
        } => extend(image, size, left, top, mode),
        Step::Effect(ref effect) => effect::apply(image, effect),
        Step::Composite(_) | Step::Mask(_) | Step::Text(_) => {
            unreachable!("overlays are laid before anything else is tried")
        }
    }
}

/// Keeps a part.
fn extract<'a>(image: &Image<'a>, part: Rect) -> Result<Image<'a>, Fault> {
    Call::new(c"extract_area")
        .set(c"input", image)
        .set(c"left", part.left as i32)
        .set(c"top", part.top as i32)
        .set(c"width", part.width as i32)
        .set(c"height", part.height as i32)
        .image()
}

/// Turns clockwise by quarters.
pub(crate) fn turn<'a>(image: &Image<'a>, by: Turn) -> Result<Image<'a>, Fault> {
    let angle = match by {
        Turn::Quarter => 1,
        Turn::Half => 2,
        Turn::ThreeQuarters => 3,
    };
    Call::new(c"rot").set(c"in", image).set(c"angle", angle).image()
}

pub(crate) const HORIZONTAL: i32 = 0;
pub(crate) const VERTICAL: i32 = 1;

/// Mirrors along an axis.
pub(crate) fn mirror<'a>(image: &Image<'a>, direction: i32) -> Result<Image<'a>, Fault> {
    Call::new(c"flip")
        .set(c"in", image)
        .set(c"direction", direction)
        .image()
}

/// Resamples to exactly this size.
pub(crate) fn resize<'a>(image: &Image<'a>, size: Size, kernel: Kernel) -> Result<Image<'a>, Fault> {
    if (image.width(), image.height()) == (size.width, size.height) {
        return Ok(image.clone());
    }
    weighted(image, |image| {
        Call::new(c"resize")
            .set(c"in", image)
            .set(c"scale", f64::from(size.width) / f64::from(image.width()))
            .set(c"vscale", f64::from(size.height) / f64::from(image.height()))
            .set(c"kernel", kernel_number(kernel))
            .image()
    })
}

/// Mixes samples of neighbours, each weighing as much as it shows.
fn weighted<'a>(
    image: &Image<'a>,
    mix: impl FnOnce(&Image<'a>) -> Result<Image<'a>, Fault>,
) -> Result<Image<'a>, Fault> {
    if !image.has_alpha() {
        return mix(image);
    }
    let weighed = Call::new(c"premultiply").set(c"in", image).image()?;
    unweighted(&mix(&weighed)?, image.band_format())
}

/// Back to plain samples in their former format.
fn unweighted<'a>(image: &Image<'a>, format: BandFormat) -> Result<Image<'a>, Fault> {
    let plain = Call::new(c"unpremultiply").set(c"in", image).image()?;
    // Premultiplied samples are floats; a cast alone would round down.
    if format.bits() > 16 {
        return Ok(plain);
    }
    let rounded = Call::new(c"round")
        .set(c"in", &plain)
        .set(c"round", NEAREST_INTEGER)
        .image()?;
    let samples = Call::new(c"cast")
        .set(c"in", &rounded)
        .set(c"format", format.0)
        .image()?;
    black_where_clear(&samples)
}

/// Where next to nothing shows, a sample divided by next to nothing is noise, and costs an encoder bytes.
fn black_where_clear<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    let alpha = Call::new(c"extract_band")
        .set(c"in", image)
        .set(c"band", image.bands() as i32 - 1)
        .image()?;
    // One pixel is enough: libvips pads the smaller picture with nothing.
    let nothing = Call::new(c"black").set(c"width", 1).set(c"height", 1).image()?;
    Call::new(c"ifthenelse")
        .set(c"cond", &alpha)
        .set(c"in1", image)
        .set(c"in2", &nothing)
        .image()
}

const NEAREST_INTEGER: i32 = 0;

fn rotate<'a>(image: &Image<'a>, degrees: f64, background: Option<Rgb>) -> Result<Image<'a>, Fault> {
    let image = if background.is_none() {
        with_alpha(image)?
    } else {
        image.clone()
    };
    let ink = background.map_or_else(|| vec![0.0; image.bands() as usize], |colour| ink(&image, colour));
    Call::new(c"rotate")
        .set(c"in", &image)
        .set(c"angle", degrees)
        .set(c"background", &ink[..])
        .image()
}

fn extend<'a>(
    image: &Image<'a>,
    size: Size,
    left: u32,
    top: u32,
    mode: ExtendMode,
) -> Result<Image<'a>, Fault> {
    let image = if mode == ExtendMode::Transparent {
        with_alpha(image)?
    } else {
        image.clone()
    };
    let (how, ink) = match mode {
        ExtendMode::Auto => (5, Some(backdrop::edge(&image)?)),
        ExtendMode::Blur => return backdrop::blurred(&image, size, left, top),
        ExtendMode::Copy => (1, None),
        ExtendMode::Mirror => (3, None),
        ExtendMode::Background(colour) => (5, Some(ink(&image, colour))),
        ExtendMode::Transparent => (5, Some(vec![0.0; image.bands() as usize])),
    };
    let call = Call::new(c"embed")
        .set(c"in", &image)
        .set(c"x", left as i32)
        .set(c"y", top as i32)
        .set(c"width", size.width as i32)
        .set(c"height", size.height as i32)
        .set(c"extend", how);
    match &ink {
        Some(ink) => call.set(c"background", &ink[..]).image(),
        None => call.image(),
    }
}

/// What most of the picture's edge has, as a mode of its own: for all frames of an animation alike.
pub(crate) fn edge(image: &Image<'_>) -> Result<ExtendMode, Fault> {
    let sample = |value: f64| value as u8;
    Ok(match backdrop::edge(image)?[..] {
        [red, green, blue, ref alpha @ ..] if alpha.iter().all(|alpha| *alpha > 0.0) => {
            ExtendMode::Background(Rgb([red, green, blue].map(sample)))
        }
        _ => ExtendMode::Transparent,
    })
}

/// Puts the picture on an opaque colour.
pub(crate) fn flatten<'a>(image: &Image<'a>, colour: Rgb) -> Result<Image<'a>, Fault> {
    let background = colour.0.map(f64::from);
    Call::new(c"flatten")
        .set(c"in", image)
        .set(c"background", &background[..])
        .image()
}

/// Opaque where it had no transparency.
pub(crate) fn with_alpha<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    if image.has_alpha() {
        Ok(image.clone())
    } else {
        Call::new(c"addalpha").set(c"in", image).image()
    }
}

/// An opaque colour in the image's bands.
fn ink(image: &Image<'_>, colour: Rgb) -> Vec<f64> {
    let alpha = image.has_alpha().then_some(255.0);
    colour.0.map(f64::from).into_iter().chain(alpha).collect()
}

fn interesting(interest: Interest) -> i32 {
    match interest {
        Interest::Entropy => 2,
        Interest::Attention => 3,
    }
}

fn kernel_number(kernel: Kernel) -> i32 {
    match kernel {
        Kernel::Nearest => 0,
        Kernel::Linear => 1,
        Kernel::Cubic => 2,
        Kernel::Mitchell => 3,
        Kernel::Lanczos2 => 4,
        Kernel::Lanczos3 => 5,
    }
}
