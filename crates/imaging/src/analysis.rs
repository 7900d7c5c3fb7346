//! What is derived from pixels besides files: the blurred preview, the dominant colour, the trim rectangle.
use minilab_recipe::{Analysis, Kernel, Rect, Rgb, Size};

use crate::decoded::Decoded;
use crate::lqip::Tiny;
use crate::vips::{Call, Image};
use crate::{Error, Result, blurhash, lqip, palette, steps};

/// Values that front ends use before a file has arrived.
#[derive(Debug)]
pub struct Analyses {
    /// A blurred preview, about 25 bytes, by the ThumbHash algorithm.
    pub thumbhash: Vec<u8>,
    /// The one colour that stands for the picture.
    pub dominant: Rgb,
    /// A blurred preview by the BlurHash algorithm, if it is asked.
    pub blurhash: Option<String>,
    /// The colours that the picture is made of, largest share first, if they are asked.
    pub palette: Vec<Rgb>,
    /// A tiny picture, if it is asked.
    pub lqip: Option<Tiny>,
}

/// What counts as border when a picture is trimmed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trim {
    /// How far a sample may be from the background, 0 to 255.
    pub threshold: f64,
    /// The border's colour; by default that of the top left pixel.
    pub background: Option<Rgb>,
}

/// ThumbHash takes no larger picture.
const PREVIEW_SIDE_MAX: u32 = 100;

pub(crate) fn analyse(trunk: &Image<'_>, asked: &[Analysis]) -> Result<Analyses> {
    let longer = trunk.width().max(trunk.height()).max(PREVIEW_SIDE_MAX);
    let fit = |side: u32| (u64::from(side) * u64::from(PREVIEW_SIDE_MAX) / u64::from(longer)).max(1) as u32;
    let size = Size {
        width: fit(trunk.width()),
        height: fit(trunk.height()),
    };
    let small = steps::resize(trunk, size, Kernel::Linear).map_err(Error::computing)?;
    let small = steps::with_alpha(&small).map_err(Error::computing)?;
    let rgba = small.pixels_from(trunk).map_err(Error::computing)?;
    let (mut hash, mut colours_of, mut tiny) = (None, Vec::new(), None);
    for analysis in asked {
        match *analysis {
            Analysis::Thumbhash | Analysis::Dominant => {}
            Analysis::Blurhash { x, y } => {
                let (width, height) = (size.width as usize, size.height as usize);
                hash = Some(blurhash::encode(&rgba, width, height, (x, y)));
            }
            Analysis::Palette { colours } => colours_of = palette::palette(&rgba, colours),
            Analysis::Lqip { format, bytes } => tiny = lqip::tiny(trunk, format, bytes)?,
        }
    }
    Ok(Analyses {
        blurhash: hash,
        palette: colours_of,
        lqip: tiny,
        thumbhash: thumbhash::rgba_to_thumb_hash(size.width as usize, size.height as usize, &rgba),
        dominant: dominant(&rgba),
    })
}

/// Mean colour of the fullest cell of a coarse colour cube; transparent pixels do not count.
pub(crate) fn dominant(rgba: &[u8]) -> Rgb {
    const CELLS: usize = 16;
    let mut cells = vec![[0_u64; 4]; CELLS * CELLS * CELLS];
    for &[red, green, blue, alpha] in rgba.as_chunks::<4>().0 {
        let index = [red, green, blue]
            .iter()
            .fold(0, |index, sample| index * CELLS + usize::from(sample >> 4));
        let weight = u64::from(alpha);
        let cell = &mut cells[index];
        cell[3] += weight;
        for (sum, sample) in cell.iter_mut().zip([red, green, blue]) {
            *sum += weight * u64::from(sample);
        }
    }
    let fullest = cells
        .iter()
        .max_by_key(|cell| cell[3])
        .expect("the cube has cells");
    let weight = fullest[3].max(1);
    Rgb([0, 1, 2].map(|band| ((fullest[band] + weight / 2) / weight) as u8))
}

impl Decoded<'_> {
    /// The part that is left without its border, in pixels of what was decoded; all of it if there is nothing else.
    pub fn find_trim(&self, trim: &Trim) -> Result<Rect> {
        let image = self.picture.first();
        let size = self.decode.size;
        let background = match trim.background {
            Some(colour) => colour.0.map(f64::from).to_vec(),
            None => corner(image)?,
        };
        let [left, top, width, height] = Call::new(c"find_trim")
            .set(c"in", image)
            .set(c"threshold", trim.threshold)
            .set(c"background", &background[..])
            .numbers([c"left", c"top", c"width", c"height"])
            .map_err(Error::computing)?;
        if width <= 0 || height <= 0 {
            return Ok(Rect {
                left: 0,
                top: 0,
                width: size.width,
                height: size.height,
            });
        }
        Ok(Rect {
            left: left as u32,
            top: top as u32,
            width: width as u32,
            height: height as u32,
        })
    }
}

/// Colour of the top left pixel, as libvips sees it: without transparency.
fn corner(image: &Image<'_>) -> Result<Vec<f64>> {
    let pixel = Call::new(c"extract_area")
        .set(c"input", image)
        .set(c"left", 0)
        .set(c"top", 0)
        .set(c"width", 1)
        .set(c"height", 1)
        .image()
        .and_then(|pixel| pixel.pixels())
        .map_err(Error::computing)?;
    let opaque = pixel.get(3).is_none_or(|alpha| *alpha > 0);
    // find_trim puts transparency on the background first: a clear corner is background whatever its colour.
    Ok(pixel
        .iter()
        .take(3)
        .map(|sample| if opaque { f64::from(*sample) } else { 0.0 })
        .collect())
}
