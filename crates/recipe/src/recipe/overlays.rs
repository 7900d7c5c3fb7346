//! Overlays as the operator asks them, before any size is known: lengths are those of a file of density 1.
use serde::Serialize;

use super::{Gravity, TextTemplate};
use crate::{AssetName, Blend, Font, Rgb, TextAlign};

/// A length.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Length {
    /// Pixels, times the density.
    Px(f64),
    /// Hundredths of the file: of its width for what lies across, of its height for what lies down, else of its shorter side.
    Percent(f64),
}

/// Where something lies on a file, and how it is laid on it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct AskedLaying {
    /// Where; never one that looks at the picture.
    pub gravity: Gravity,
    /// How far to the right of it.
    pub left: Length,
    /// How far below it.
    pub top: Length,
    /// How far from the edges that the gravity names.
    pub margin: Length,
    /// Turned clockwise.
    pub angle: f64,
    /// Repeated all over the file, this far apart.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tile: Option<Length>,
    /// 1 is opaque.
    pub opacity: f64,
    /// How it mixes.
    pub blend: Blend,
    /// Files smaller than this, in pixels of density 1, do without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_canvas: Option<(u32, u32)>,
}

/// A picture on the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AskedComposite {
    /// Which.
    pub image: AssetName,
    /// How wide it becomes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<Length>,
    /// How high.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub height: Option<Length>,
    /// Where and how.
    #[serde(flatten)]
    pub laying: AskedLaying,
}

/// A picture that says what of the file is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AskedMask {
    /// Which.
    pub image: AssetName,
    /// The other way around?
    pub invert: bool,
}

/// Text on the file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AskedText {
    /// What is written.
    pub value: TextTemplate,
    /// What is written where the original lacks something that `value` names; `None`: nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// The letters.
    pub font: Font,
    /// Of the letters.
    pub size: Length,
    /// From line to line, in sizes.
    pub line_height: f64,
    /// Lines are broken to stay within it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_width: Option<Length>,
    /// Where short lines lie.
    pub align: TextAlign,
    /// Of the letters.
    pub colour: Rgb,
    /// Width and colour of a line around the letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outline: Option<(Length, Rgb)>,
    /// Colour, opacity and reach of a plate behind the lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<(Rgb, f64, Length)>,
    /// Where and how.
    #[serde(flatten)]
    pub laying: AskedLaying,
}

impl super::AskedStep {
    /// The picture it needs.
    pub(crate) fn asset(&self) -> Option<&AssetName> {
        match self {
            Self::Composite(composite) => Some(&composite.image),
            Self::Mask(mask) => Some(&mask.image),
            _ => None,
        }
    }

    /// What it writes.
    pub(crate) fn template(&self) -> Option<&TextTemplate> {
        match self {
            Self::Text(text) => Some(&text.value),
            _ => None,
        }
    }
}

impl super::Recipe {
    /// The pictures that its files are made with, sorted. Whoever plans looks them up first, into
    /// [`crate::Original::assets`].
    pub fn assets(&self) -> Vec<AssetName> {
        let steps = self.derivatives.iter().flat_map(|derivative| &derivative.steps);
        let mut names: Vec<AssetName> = steps.filter_map(|step| step.asset().cloned()).collect();
        names.sort();
        names.dedup();
        names
    }
}
