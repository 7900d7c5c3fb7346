//! Steps as the operator asks them, before any size is known: lengths are those of a file of density 1.
use serde::Serialize;

use super::{AskedComposite, AskedMask, AskedText, Density, Extract};
use crate::{Effect, Rgb};

/// One entry of a derivative's `steps`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AskedStep {
    /// An effect that is the same at every size.
    Plain(Effect),
    /// Gaussian blur.
    Blur {
        /// Standard deviation.
        sigma: f64,
        /// Where; `None`: everywhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<Region>,
    },
    /// Squares of their mean colour.
    Pixelate {
        /// Side of a square.
        size: f64,
        /// Where; `None`: everywhere.
        #[serde(skip_serializing_if = "Option::is_none")]
        region: Option<Region>,
    },
    /// Edges made steeper.
    Sharpen {
        /// Standard deviation of the blur that it is the opposite of.
        sigma: f64,
        /// How much in flat areas.
        m1: f64,
        /// How much at edges.
        m2: f64,
        /// Of which files.
        when: When,
    },
    /// Corners cut off along a quarter of a circle.
    Round {
        /// Of the circle.
        radius: Radius,
        /// What is there instead; `None`: nothing.
        #[serde(skip_serializing_if = "Option::is_none")]
        background: Option<Rgb>,
    },
    /// A line along the edges.
    Border(Border),
    /// A picture on it.
    Composite(Box<AskedComposite>),
    /// Kept only where a picture says.
    Mask(AskedMask),
    /// Text on it.
    Text(Box<AskedText>),
}

/// Where an effect is seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Region {
    /// A rectangle of the file.
    Part(Extract),
    /// Every face that the file shows, with the hair and the chin around it.
    Faces,
}

/// Of which files a step is a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// Of all.
    Always,
    /// Of those that are smaller than what they show.
    Downscale,
}

/// How far corners are rounded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Radius {
    /// Pixels.
    Px(f64),
    /// Hundredths of the shorter side.
    Percent(f64),
    /// As far as it goes: a square becomes a circle.
    Max,
}

/// A line along the edges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Border {
    /// How wide.
    pub width: u32,
    /// Of which colour.
    pub colour: Rgb,
    /// Around the picture, which grows by it?
    pub outside: bool,
}

impl AskedStep {
    /// By how many pixels a file grows on each side.
    pub(crate) fn growth(&self, density: Density) -> u32 {
        match self {
            Self::Border(border) if border.outside => density.scale(border.width),
            _ => 0,
        }
    }
}

impl super::Derivative {
    /// By how many pixels its steps make a file grow on each side.
    pub(crate) fn growth(&self, density: Density) -> u32 {
        self.steps.iter().map(|step| step.growth(density)).sum()
    }
}
