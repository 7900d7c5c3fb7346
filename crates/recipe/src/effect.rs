//! Effects: steps of a plan that change what pixels look like and leave the picture's size.
//!
//! Lengths are pixels of the picture that the effect is applied to. Transparency stays as it is unless an effect says otherwise.
use serde::{Deserialize, Serialize};

use crate::{Rect, Rgb};

/// One effect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Brightness, saturation and hue, as the eye tells them apart (CIE LCh).
    Modulate(Modulate),
    /// Every sample times `a` plus `b`, of red, green and blue.
    Linear {
        /// Factors.
        a: [f64; 3],
        /// What is added, in levels of 255.
        b: [f64; 3],
    },
    /// Samples to the power of 1 by this: above 1 it brightens what is neither black nor white.
    Gamma(f64),
    /// Shades of grey by luminance.
    Grayscale,
    /// Every colour a mixture of the three that were there: rows make red, green and blue.
    Recomb([[f64; 3]; 3]),
    /// Shades of one hue, between black and white.
    Tint(Rgb),
    /// Shades from one colour, for black, to another, for white.
    Duotone {
        /// In place of black.
        shadows: Rgb,
        /// In place of white.
        highlights: Rgb,
    },
    /// Every sample from 255.
    Negate,
    /// Luminance stretched to the whole range.
    Normalise {
        /// Percent of the pixels that may become black.
        lower: f64,
        /// Percent of the pixels that do not become white.
        upper: f64,
    },
    /// Gaussian blur.
    Blur {
        /// Standard deviation.
        sigma: f64,
        /// Only there; `None`: everywhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parts: Option<Vec<Rect>>,
    },
    /// Squares of their mean colour.
    Pixelate {
        /// Side of a square.
        size: u32,
        /// Only there; `None`: everywhere.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parts: Option<Vec<Rect>>,
    },
    /// Edges of luminance made steeper.
    Sharpen {
        /// Standard deviation of the blur that it is the opposite of.
        sigma: f64,
        /// How much in flat areas.
        m1: f64,
        /// How much at edges.
        m2: f64,
    },
    /// Every pixel a weighted sum of its neighbourhood.
    Convolve(Convolve),
    /// Transparency put on a colour.
    Flatten(Rgb),
    /// Corners cut off along a quarter of a circle.
    Round {
        /// Of the circle.
        radius: u32,
        /// What is there instead; `None`: nothing, the corners are transparent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        background: Option<Rgb>,
    },
}

/// Changes of brightness, saturation and hue; what is not asked stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Modulate {
    /// Lightness times this.
    pub brightness: f64,
    /// Chroma times this.
    pub saturation: f64,
    /// Degrees by which the hue is turned.
    pub hue: f64,
    /// Added to the lightness, in percent of white.
    pub lightness: f64,
}

/// Weights of a neighbourhood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Convolve {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
    /// Row by row.
    pub kernel: Vec<f64>,
    /// What the sum is divided by.
    pub scale: f64,
    /// What is added then.
    pub offset: f64,
}
