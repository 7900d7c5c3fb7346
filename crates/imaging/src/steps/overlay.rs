//! Other pictures and text on a picture.
use minilab_recipe::{Blend, Caption, Composite, Kernel, Laying, Mask, Note, Size, Step};

use super::effect::{alpha, in_8_bits, meaning};
use super::{caption, resize, rotate, shape, with_alpha};
use crate::atelier::Atelier;
use crate::vips::{Call, Fault, Image, Interpretation};
use crate::{Error, Result};

/// A step that needs more than the picture; `None`: it is none.
pub(super) fn apply<'a>(
    image: &Image<'a>,
    step: &Step,
    atelier: &mut Atelier<'a>,
) -> Option<Result<Image<'a>>> {
    match step {
        Step::Composite(step) => Some(composite(image, step, atelier)),
        Step::Mask(step) => Some(mask(image, step, atelier)),
        Step::Text(step) => Some(text(image, step, atelier)),
        _ => None,
    }
}

fn composite<'a>(image: &Image<'a>, step: &Composite, atelier: &mut Atelier<'a>) -> Result<Image<'a>> {
    let picture = atelier.picture(&step.picture)?;
    let size = size_on(image, &picture, step);
    let sized = with_alpha(&picture).and_then(|picture| resize(&picture, size, Kernel::Lanczos3));
    sized
        .and_then(|picture| lay(image, &picture, &step.laying))
        .map_err(Error::computing)
}

/// In its own proportions: as wide or high as asked, or as it is as long as it fits.
fn size_on(image: &Image<'_>, picture: &Image<'_>, step: &Composite) -> Size {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let across = step.width.map(|asked| f64::from(asked) / width);
    let down = step.height.map(|asked| f64::from(asked) / height);
    let scale = match (across, down) {
        (Some(across), Some(down)) => across.min(down),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => step
            .scale
            .min(f64::from(image.width()) / width)
            .min(f64::from(image.height()) / height),
    };
    let side = |own: f64| (own * scale).round().max(1.0) as u32;
    Size {
        width: side(width),
        height: side(height),
    }
}

fn text<'a>(image: &Image<'a>, step: &Caption, atelier: &mut Atelier<'a>) -> Result<Image<'a>> {
    let drawn = caption::draw(atelier.typesetter(), step)?;
    if drawn.lacks_letters {
        atelier.note(Note::LettersMissing);
    }
    let upright = step.laying.angle == 0.0 && step.laying.tile.is_none();
    if upright && (drawn.image.width() > image.width() || drawn.image.height() > image.height()) {
        atelier.note(Note::TextCut);
    }
    lay(image, &drawn.image, &step.laying).map_err(Error::computing)
}

/// Lays a picture with transparency on another.
fn lay<'a>(image: &Image<'a>, picture: &Image<'a>, laying: &Laying) -> Result<Image<'a>, Fault> {
    // Without a meaning, a fourth band is not taken for transparency.
    let mut picture = meaning(picture, Interpretation::SRGB)?;
    if laying.opacity < 1.0 {
        picture = faded(&picture, laying.opacity)?;
    }
    if laying.angle != 0.0 {
        picture = rotate(&picture, laying.angle, None)?;
    }
    // Read more than once, in any order.
    picture = meaning(&picture, Interpretation::SRGB)?.in_memory()?;
    let (mut left, mut top) = place(image, &picture, laying);
    if let Some(gap) = laying.tile {
        picture = tiled(&picture, gap, (left, top), image)?;
        (left, top) = (0, 0);
    }
    let laid = Call::new(c"composite2")
        .set(c"base", image)
        .set(c"overlay", &picture)
        .set(c"mode", mode(laying.blend))
        .set(c"x", left)
        .set(c"y", top)
        .image()?;
    if image.has_alpha() || laying.blend.cuts() {
        return meaning(&in_8_bits(&laid)?, Interpretation::SRGB);
    }
    // What was opaque is opaque: such a mixture cannot change that.
    let colours = super::effect::colours(&laid)?;
    meaning(&in_8_bits(&colours)?, Interpretation::SRGB)
}

/// Of an odd rest the larger half goes to the left and above; of tiles, to the right and below: as in sharp.
fn place(image: &Image<'_>, picture: &Image<'_>, laying: &Laying) -> (i32, i32) {
    let share = |whole: u32, part: u32, share: f64| {
        let free = (f64::from(whole) - f64::from(part)) * share;
        if laying.tile.is_some() {
            free.floor() as i32
        } else {
            free.ceil() as i32
        }
    };
    let left = share(image.width(), picture.width(), laying.across) + laying.left;
    let top = share(image.height(), picture.height(), laying.down) + laying.top;
    (left, top)
}

/// As large as the image, one of the tiles lying at that place.
fn tiled<'a>(
    picture: &Image<'a>,
    gap: u32,
    (left, top): (i32, i32),
    image: &Image<'a>,
) -> Result<Image<'a>, Fault> {
    let cell = Size {
        width: picture.width() + gap,
        height: picture.height() + gap,
    };
    let spaced = Call::new(c"embed")
        .set(c"in", picture)
        .set(c"x", 0)
        .set(c"y", 0)
        .set(c"width", cell.width as i32)
        .set(c"height", cell.height as i32)
        .image()?
        .in_memory()?;
    // How much of the first tile lies before the edge.
    let before = |at: i32, cell: u32| (-at).rem_euclid(cell as i32) as u32;
    let (cut_left, cut_top) = (before(left, cell.width), before(top, cell.height));
    let across = (image.width() + cut_left).div_ceil(cell.width);
    let down = (image.height() + cut_top).div_ceil(cell.height);
    let many = Call::new(c"replicate")
        .set(c"in", &spaced)
        .set(c"across", across as i32)
        .set(c"down", down as i32)
        .image()?;
    Call::new(c"extract_area")
        .set(c"input", &many)
        .set(c"left", cut_left as i32)
        .set(c"top", cut_top as i32)
        .set(c"width", image.width() as i32)
        .set(c"height", image.height() as i32)
        .image()
}

fn faded<'a>(picture: &Image<'a>, opacity: f64) -> Result<Image<'a>, Fault> {
    // The conversion cuts off what is left of a level.
    Call::new(c"linear")
        .set(c"in", picture)
        .set(c"a", &[1.0, 1.0, 1.0, opacity][..])
        .set(c"b", &[0.0, 0.0, 0.0, 0.5][..])
        .set(c"uchar", true)
        .image()
}

fn mask<'a>(image: &Image<'a>, step: &Mask, atelier: &mut Atelier<'a>) -> Result<Image<'a>> {
    let picture = atelier.picture(&step.picture)?;
    let size = Size {
        width: image.width(),
        height: image.height(),
    };
    masked(image, &picture, size, step.invert).map_err(Error::computing)
}

fn masked<'a>(image: &Image<'a>, picture: &Image<'a>, size: Size, invert: bool) -> Result<Image<'a>, Fault> {
    let shown = if picture.has_alpha() {
        alpha(picture)?
    } else {
        Call::new(c"colourspace")
            .set(c"in", picture)
            .set(c"space", Interpretation::GREY.0)
            .image()?
    };
    let mut shown = resize(&shown, size, Kernel::Lanczos3)?;
    if invert {
        shown = Call::new(c"invert").set(c"in", &shown).image()?;
    }
    shape::masked(&with_alpha(image)?, &shown)
}

/// As libvips counts them.
fn mode(blend: Blend) -> i32 {
    match blend {
        Blend::Over => 2,
        Blend::Atop => 5,
        Blend::DestOver => 7,
        Blend::DestIn => 8,
        Blend::DestOut => 9,
        Blend::Xor => 11,
        Blend::Add => 12,
        Blend::Saturate => 13,
        Blend::Multiply => 14,
        Blend::Screen => 15,
        Blend::Overlay => 16,
        Blend::Darken => 17,
        Blend::Lighten => 18,
        Blend::ColourDodge => 19,
        Blend::ColourBurn => 20,
        Blend::HardLight => 21,
        Blend::SoftLight => 22,
        Blend::Difference => 23,
        Blend::Exclusion => 24,
    }
}
