//! Faces of an original: decoded once at a small size, and looked at by the detector.
use std::sync::OnceLock;

use minilab_faces::{Detector, Picture, SIDE_PX};
use minilab_recipe::{Area, ColourSpace, Decode, FACES_MAX, Face, Format, Kernel, Probe, Rgb, Shrink, Size};

use crate::{Engine, Error, Result, steps, trunk};

/// What transparency shows, whatever its samples are.
const WHITE: Rgb = Rgb([255; 3]);

impl Engine {
    /// The faces of the upright original, the surest first, as fractions of its sides.
    pub fn faces(&self, bytes: &[u8], probe: &Probe) -> Result<Vec<Face>> {
        static DETECTOR: OnceLock<Detector> = OnceLock::new();
        let decode = small(probe);
        let (picture, _) = trunk::grow(bytes, probe, &decode)?;
        let image = picture.first();
        let opaque = if image.has_alpha() {
            steps::flatten(image, WHITE).map_err(Error::computing)?
        } else {
            image.clone()
        };
        let samples = opaque.pixels_from(image).map_err(Error::computing)?;
        let (width, height) = (decode.size.width as usize, decode.size.height as usize);
        if samples.len() != width * height * 3 {
            return Err(Error::internal(format!(
                "{width} x {height} pixels of three samples came as {} bytes",
                samples.len()
            )));
        }
        let picture = Picture {
            width,
            height,
            rgb: &samples,
        };
        let found = DETECTOR.get_or_init(Detector::new).find(picture);
        Ok(found.into_iter().filter_map(within).take(FACES_MAX).collect())
    }
}

/// The size that the detector sees all of, by the loader's own reduction as far as that goes.
fn small(probe: &Probe) -> Decode {
    let upright = probe.upright();
    let longer = f64::from(upright.width.max(upright.height));
    let scale = (SIDE_PX as f64 / longer).min(1.0);
    let side = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    let reduces = probe.pages == 1
        && (probe.format == Format::Jpeg || (probe.format == Format::Webp && !probe.whole_image));
    let enough = |by: &u8| reduces && longer / f64::from(*by) >= SIDE_PX as f64;
    Decode {
        shrink: Shrink([8, 4, 2].into_iter().find(enough).unwrap_or(1)),
        page: 0,
        size: Size {
            width: side(upright.width),
            height: side(upright.height),
        },
        colour: ColourSpace::Srgb,
        kernel: Kernel::Linear,
        frames: 1,
    }
}

/// What of a face lies in the picture. Four digits are finer than any pixel that was looked at.
fn within(face: minilab_faces::Face) -> Option<Face> {
    let short = |number: f64| (number.clamp(0.0, 1.0) * 1e4).round() / 1e4;
    let (x, y) = (short(face.left), short(face.top));
    let area = Area {
        x,
        y,
        width: short(short(face.left + face.width) - x),
        height: short(short(face.top + face.height) - y),
    };
    (area.width > 0.0 && area.height > 0.0).then_some(Face {
        area,
        score: short(face.score),
    })
}
