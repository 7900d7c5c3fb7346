//! The geometry of a derivative as the operator asks it, before any original is known.
use std::fmt;

use serde::{Serialize, Serializer};

use crate::{Interest, Kernel, Rgb, Size};

/// A colour, or nothing at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Background {
    /// Opaque.
    Colour(Rgb),
    /// Fully transparent.
    Transparent,
}

/// What fills a rest and is taken from the picture itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backdrop {
    /// The picture, blurred.
    Blur,
    /// The colour that most of its edge has.
    Auto,
}

/// A turn by any angle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rotation {
    /// Clockwise, above 0 and below 360.
    pub degrees: f64,
    /// What the corners become, where the angle is no multiple of 90.
    pub background: Background,
}

/// Uniform borders to be cut off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Trim {
    /// How far a pixel may be from the border's colour, 0 to 255.
    pub threshold: f64,
    /// How much of the border is left.
    pub padding: Margin,
}

/// A length on the original.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Margin {
    /// Pixels.
    Px(u32),
    /// Hundredths of the shorter side.
    Percent(f64),
}

impl Margin {
    /// In pixels of an original of that size.
    pub(crate) fn of(self, size: Size) -> u32 {
        match self {
            Self::Px(pixels) => pixels,
            Self::Percent(percent) => {
                (f64::from(size.width.min(size.height)) * percent / 100.0).round() as u32
            }
        }
    }
}

impl Serialize for Margin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Px(pixels) => serializer.serialize_u32(*pixels),
            Self::Percent(percent) => serializer.collect_str(&format_args!("{percent}%")),
        }
    }
}

impl Trim {
    /// The name under which its rectangle is kept; padding is added by the planner.
    pub fn canonical(&self) -> String {
        format!("threshold={}", self.threshold)
    }
}

/// In what an extract is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Pixels of the original.
    Px,
    /// Hundredths of its width and height.
    Percent,
}

/// A part to keep, measured after turning and trimming.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Extract {
    /// From the left.
    pub left: f64,
    /// From the top.
    pub top: f64,
    /// Across.
    pub width: f64,
    /// Down.
    pub height: f64,
    /// Of all four.
    pub unit: Unit,
}

/// How a picture meets a box of another shape; sharp's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Wholly inside, shape kept.
    Inside,
    /// Covers the box at least, shape kept, nothing cut.
    Outside,
    /// Fills the box, shape kept, the rest cut off.
    Cover,
    /// Wholly inside, the rest filled.
    Contain,
    /// Fills the box, shape lost.
    Fill,
}

/// Which part stays when something is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// The middle.
    Centre,
    /// The upper edge, and so on round the compass.
    North,
    /// Upper right.
    Northeast,
    /// Right.
    East,
    /// Lower right.
    Southeast,
    /// Bottom.
    South,
    /// Lower left.
    Southwest,
    /// Left.
    West,
    /// Upper left.
    Northwest,
    /// Skin, saturation, edges.
    Attention,
    /// Detail.
    Entropy,
    /// The point that the object's metadata names; none there: the next of the list.
    Focal,
    /// As many faces as fit; none there: the next of the list.
    Face,
}

impl Gravity {
    /// Which share of what is cut goes off the left and the top, where that does not depend on content.
    pub(crate) fn share(self) -> Option<(f64, f64)> {
        Some(match self {
            Self::Centre => (0.5, 0.5),
            Self::North => (0.5, 0.0),
            Self::Northeast => (1.0, 0.0),
            Self::East => (1.0, 0.5),
            Self::Southeast => (1.0, 1.0),
            Self::South => (0.5, 1.0),
            Self::Southwest => (0.0, 1.0),
            Self::West => (0.0, 0.5),
            Self::Northwest => (0.0, 0.0),
            Self::Attention | Self::Entropy | Self::Focal | Self::Face => return None,
        })
    }

    /// What a smart crop looks for, where it is one.
    pub(crate) fn interest(self) -> Option<Interest> {
        match self {
            Self::Attention => Some(Interest::Attention),
            Self::Entropy => Some(Interest::Entropy),
            _ => None,
        }
    }
}

/// Width to height, `16/9`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ratio {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.width, self.height)
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One box that a resize asks for; at least one side is there, unless only a shape is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Asked {
    /// Pixels across.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Pixels down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
}

/// A change of size.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resize {
    /// The boxes, small first; aspect and ladder resolved.
    pub boxes: Vec<Asked>,
    /// How the picture meets them.
    pub fit: Fit,
    /// May it grow?
    pub enlarge: bool,
    /// What stays when something is cut; the first that applies.
    pub gravity: Vec<Gravity>,
    /// Resampling kernel.
    pub kernel: Kernel,
    /// Are samples mixed as light, not as they are stored?
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub linear: bool,
    /// The shape to be met where no size is asked; `boxes` is one box without sides then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<Ratio>,
}

/// Pixels on each side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Edges {
    /// Above.
    pub top: u32,
    /// To the right.
    pub right: u32,
    /// Below.
    pub bottom: u32,
    /// To the left.
    pub left: u32,
}

/// What fills an extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Filling {
    /// One colour, or transparency.
    Background(Background),
    /// The edge's pixels, repeated.
    Copy,
    /// The picture, mirrored.
    Mirror,
    /// Taken from the picture in another way.
    Backdrop(Backdrop),
}

/// A border around the resized picture; multiplied by the density.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Extend {
    /// How much.
    pub edges: Edges,
    /// With what.
    pub filling: Filling,
}
