//! Text as a picture: letters, their outline and the plate behind them.
use minilab_recipe::{Caption, Font, Rgb, TextAlign};
use minilab_text::{Align, Face, Setting, Typesetter};

use crate::vips::Image;
use crate::{Error, Result};

/// A text that was drawn.
pub(super) struct Drawn {
    /// With transparency.
    pub image: Image<'static>,
    /// Do boxes stand for letters that no font has?
    pub lacks_letters: bool,
}

/// Something of one colour, how much of each pixel it takes, and how opaque it is.
struct Layer<'a> {
    cover: Option<&'a [u8]>,
    colour: Rgb,
    opacity: f32,
}

pub(super) fn draw(typesetter: &mut Typesetter, caption: &Caption) -> Result<Drawn> {
    let setting = Setting {
        text: &caption.text,
        face: face(caption.font),
        size: caption.size as f32,
        line_height: caption.line_height as f32,
        width_max: Some(caption.max_width as f32),
        align: match caption.align {
            TextAlign::Left => Align::Left,
            TextAlign::Centre => Align::Centre,
            TextAlign::Right => Align::Right,
        },
        outline: caption.outline.map_or(0.0, |outline| outline.width as f32),
    };
    let coverage = typesetter.draw(&setting).map_err(|error| Error::Text {
        detail: error.to_string(),
    })?;
    let padding = caption.plate.map_or(0, |plate| plate.padding);
    let (width, height) = (coverage.width + 2 * padding, coverage.height + 2 * padding);
    let plate = caption.plate.map(|plate| Layer {
        cover: None,
        colour: plate.colour,
        opacity: plate.opacity as f32,
    });
    let outline = caption.outline.map(|outline| Layer {
        cover: coverage.outline.as_deref(),
        colour: outline.colour,
        opacity: 1.0,
    });
    let letters = Layer {
        cover: Some(&coverage.fill),
        colour: caption.colour,
        opacity: 1.0,
    };
    let layers: Vec<Layer<'_>> = plate.into_iter().chain(outline).chain([letters]).collect();
    let mut pixels = Vec::with_capacity(width as usize * height as usize * 4);
    for row in 0..height {
        for column in 0..width {
            let inside = |at: u32, side: u32| at.checked_sub(padding).filter(|at| *at < side);
            let at = inside(row, coverage.height).zip(inside(column, coverage.width));
            let at = at.map(|(row, column)| row as usize * coverage.width as usize + column as usize);
            pixels.extend(mixed(&layers, at));
        }
    }
    let image = Image::from_pixels(&pixels, width, height, 4).map_err(Error::computing)?;
    Ok(Drawn {
        image,
        lacks_letters: !coverage.missing.is_empty(),
    })
}

/// All layers over each other, at a place among the letters or beside them.
fn mixed(layers: &[Layer<'_>], at: Option<usize>) -> [u8; 4] {
    let (mut weighted, mut shown) = ([0.0_f32; 3], 0.0_f32);
    for layer in layers {
        let cover = match layer.cover {
            None => 1.0,
            Some(cover) => at.map_or(0.0, |at| f32::from(cover[at]) / 255.0),
        };
        let opaque = cover * layer.opacity;
        for (sample, own) in weighted.iter_mut().zip(layer.colour.0) {
            *sample = f32::from(own) * opaque + *sample * (1.0 - opaque);
        }
        shown = opaque + shown * (1.0 - opaque);
    }
    if shown <= 0.0 {
        return [0; 4];
    }
    let [red, green, blue] = weighted.map(|sample| (sample / shown).round() as u8);
    [red, green, blue, (shown * 255.0).round() as u8]
}

fn face(font: Font) -> Face {
    match font {
        Font::Sans => Face::Sans,
        Font::SansBold => Face::SansBold,
        Font::Serif => Face::Serif,
        Font::SerifBold => Face::SerifBold,
        Font::Mono => Face::Mono,
    }
}
