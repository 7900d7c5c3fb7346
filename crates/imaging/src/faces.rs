//! Faces of an original: made small, and looked at by the detector.
use std::sync::OnceLock;

use minilab_faces::{Detector, Picture, SIDE_PX};
use minilab_recipe::{Area, FACES_MAX, FACES_SIDE, Face, Kernel, Rgb, Size};

use crate::decoded::Decoded;
use crate::{Error, Result, steps};

/// What transparency shows, whatever its samples are.
const WHITE: Rgb = Rgb([255; 3]);

/// Recipes have originals decoded at least so large as the detector wants them.
const _: () = assert!(FACES_SIDE as usize == SIDE_PX);

impl Decoded<'_> {
    /// The faces in its first frame, the surest first, as fractions of its sides.
    pub fn faces(&self) -> Result<Vec<Face>> {
        static DETECTOR: OnceLock<Detector> = OnceLock::new();
        let trunk = self.picture.first();
        let size = seen(trunk.width(), trunk.height());
        let small = steps::resize(trunk, size, Kernel::Linear).map_err(Error::computing)?;
        let opaque = if small.has_alpha() {
            steps::flatten(&small, WHITE).map_err(Error::computing)?
        } else {
            small
        };
        let samples = opaque.pixels_from(trunk).map_err(Error::computing)?;
        let (width, height) = (size.width as usize, size.height as usize);
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

/// The size that the detector sees all of.
fn seen(width: u32, height: u32) -> Size {
    let scale = (SIDE_PX as f64 / f64::from(width.max(height))).min(1.0);
    let side = |side: u32| (f64::from(side) * scale).round().max(1.0) as u32;
    Size {
        width: side(width),
        height: side(height),
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
