//! One derivative of a recipe: a name, geometry and encodings.
use std::fmt;

use serde::{Serialize, Serializer};

use super::{
    Animation, AskedStep, Backdrop, Background, Crop, EachFace, Extend, Extract, Fit, Gravity, Region,
    Resize, Rotation, Subject, Trim,
};
use crate::{Aim, Encoding, Keep, Lane, OutputFormat, Rgb, Written};

/// An entry of a recipe. Geometry runs in the order of these fields, whatever the order in the document.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Derivative {
    /// `[a-z][a-z0-9-]{0,62}`.
    pub name: String,
    /// Is it made once for each face? Then this is what each is made by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub for_each: Option<EachFace>,
    /// Of which face it is one; its name and its crop tell it, too.
    #[serde(skip)]
    pub face: Option<u32>,
    /// Which page of an original with several it shows, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Is the EXIF orientation applied? (If not, the picture is as it is stored.)
    pub autorotate: bool,
    /// Turned.
    pub rotate: Option<Rotation>,
    /// Mirrored top to bottom.
    pub flip: bool,
    /// Mirrored left to right.
    pub flop: bool,
    /// Uniform borders cut off.
    pub trim: Option<Trim>,
    /// A part kept.
    pub extract: Option<Extract>,
    /// Zoomed to a subject, in place of a part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crop: Option<Crop>,
    /// Sizes; without it, the size that is there.
    pub resize: Option<Resize>,
    /// A border.
    pub extend: Option<Extend>,
    /// What is done then, in this order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<AskedStep>,
    /// What fills the rest of a `fit: contain`.
    pub padding: Background,
    /// What fills it instead, where that is taken from the picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backdrop: Option<Backdrop>,
    /// What transparency is put on, where a format has none.
    pub background: Rgb,
    /// How often each size is made, for screens with more pixels; small first.
    pub densities: Vec<Density>,
    /// In which formats, as the document orders them.
    pub encodings: Vec<LanedEncoding>,
    /// Is a format dropped that comes out larger than the next one?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub keep_smaller: bool,
    /// Metadata that survives.
    pub keep: Keep,
    /// What is shown of animated originals.
    #[serde(skip_serializing_if = "Animation::is_keep")]
    pub animation: Animation,
    /// Metadata that is written.
    #[serde(skip_serializing_if = "Written::is_none")]
    pub written: Written,
}

/// An encoding and the lane that makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LanedEncoding {
    /// Format and quality.
    pub encoding: Encoding,
    /// In its place, where the picture has transparency: `formats: [auto]` is a JPEG or a PNG.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub where_clear: Option<Encoding>,
    /// What the quality is searched for.
    #[serde(skip_serializing_if = "Aim::is_none")]
    pub aim: Aim,
    /// Of the files.
    pub lane: Lane,
}

/// Pixels of a file per pixel asked, in hundredths: 1x is 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Density(pub(crate) u16);

impl Density {
    /// One pixel for one.
    pub const ONE: Self = Self(100);

    /// As a factor.
    pub fn factor(self) -> f64 {
        f64::from(self.0) / 100.0
    }

    /// A length at this density.
    pub(crate) fn scale(self, pixels: u32) -> u32 {
        ((u64::from(pixels) * u64::from(self.0) + 50) / 100) as u32
    }
}

impl fmt::Display for Density {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x", self.factor())
    }
}

impl Serialize for Density {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl LanedEncoding {
    /// That of a picture with or without transparency.
    pub fn chosen(&self, clear: bool) -> &Encoding {
        self.where_clear
            .as_ref()
            .filter(|_| clear)
            .unwrap_or(&self.encoding)
    }
}

impl Derivative {
    /// Formats of its files, whatever the original.
    pub fn formats(&self) -> impl Iterator<Item = OutputFormat> {
        self.encodings
            .iter()
            .flat_map(|laned| std::iter::once(&laned.encoding).chain(&laned.where_clear))
            .map(Encoding::format)
    }

    /// Does any of its files depend on the original's focal point?
    pub fn reads_focal(&self) -> bool {
        self.looks_for(Gravity::Focal, Subject::Focal)
    }

    /// Does any of its files depend on faces?
    pub fn reads_faces(&self) -> bool {
        self.looks_for(Gravity::Face, Subject::Face)
    }

    /// Is a part of the picture chosen automatically, so that people may choose another?
    pub(crate) fn crops(&self) -> bool {
        self.crop.is_some() || self.shape().is_some()
    }

    /// Width to height of what its picture fills, where the rest is cut off.
    pub(crate) fn shape(&self) -> Option<f64> {
        let resize = self.resize.as_ref().filter(|resize| resize.fit == Fit::Cover)?;
        let asked = resize.boxes.first()?;
        Some(f64::from(asked.width?) / f64::from(asked.height?))
    }

    /// Which part stays where something is cut: what a crop says instead of its subject, if that is not there.
    pub(crate) fn gravity(&self, subject_found: bool) -> &[Gravity] {
        match (&self.crop, &self.resize) {
            (Some(crop), _) if !subject_found => &crop.otherwise,
            (_, Some(resize)) => &resize.gravity,
            _ => &[],
        }
    }

    /// Is a step done to faces alone?
    pub(crate) fn hides_faces(&self) -> bool {
        self.steps.iter().any(|step| {
            matches!(
                step,
                AskedStep::Blur {
                    region: Some(Region::Faces),
                    ..
                } | AskedStep::Pixelate {
                    region: Some(Region::Faces),
                    ..
                }
            )
        })
    }

    /// May what stays where something is cut be decided by pixels alone?
    pub(crate) fn crops_smartly(&self) -> bool {
        let lists = [self.gravity(true), self.gravity(false)];
        self.shape().is_some()
            && lists
                .into_iter()
                .flatten()
                .any(|gravity| gravity.interest().is_some())
    }

    fn looks_for(&self, gravity: Gravity, subject: Subject) -> bool {
        let resized = self.resize.as_ref().map(|resize| &resize.gravity);
        let otherwise = self.crop.as_ref().map(|crop| &crop.otherwise);
        resized
            .into_iter()
            .chain(otherwise)
            .any(|list| list.contains(&gravity))
            || self.crop.as_ref().is_some_and(|crop| crop.to == subject)
            || (gravity == Gravity::Face && self.hides_faces())
    }

    /// The encodings of some lanes.
    pub fn encodings_in<'a>(&'a self, lanes: &'a [Lane]) -> impl Iterator<Item = &'a LanedEncoding> {
        self.encodings
            .iter()
            .filter(|encoding| lanes.contains(&encoding.lane))
    }
}
