//! Steps of a plan that put something on a picture: other pictures, and text. Lengths are pixels of that picture.
use serde::{Deserialize, Serialize};

use crate::{Picture, Rgb};

/// A picture on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Composite {
    /// Which.
    pub picture: Picture,
    /// How wide it becomes at most; `None`: as the height or its own size has it. It is never distorted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// How high it becomes at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Without either, its own size times this, or as much of it as fits into the picture.
    pub scale: f64,
    /// Where and how.
    #[serde(flatten)]
    pub laying: Laying,
}

/// Kept only where another picture is opaque, or, if that is opaque everywhere, as far as it is bright.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mask {
    /// Which, stretched to the picture's size.
    pub picture: Picture,
    /// Kept where it is transparent or dark instead?
    pub invert: bool,
}

/// Text on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Caption {
    /// Line feeds begin new lines.
    pub text: String,
    /// The letters.
    pub font: Font,
    /// Of the letters.
    pub size: f64,
    /// From line to line, in sizes.
    pub line_height: f64,
    /// Lines are broken to stay within it.
    pub max_width: u32,
    /// Where short lines lie.
    pub align: TextAlign,
    /// Of the letters.
    pub colour: Rgb,
    /// A line around the letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outline: Option<Outline>,
    /// A plate behind them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plate: Option<Plate>,
    /// Where and how.
    #[serde(flatten)]
    pub laying: Laying,
}

/// Where something lies on a picture, and how it is laid on it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Laying {
    /// Share of the free columns that are on its left, 0 to 1.
    pub across: f64,
    /// Share of the free rows that are above it.
    pub down: f64,
    /// Columns by which it is moved to the right then.
    pub left: i32,
    /// Rows by which it is moved down.
    pub top: i32,
    /// Degrees by which it is turned clockwise before it is laid.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub angle: f64,
    /// Repeated all over the picture, with so many pixels between.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tile: Option<u32>,
    /// 1 is opaque.
    pub opacity: f64,
    /// How it mixes with what is below it.
    pub blend: Blend,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

/// A line around letters.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Outline {
    /// How wide.
    pub width: f64,
    /// Of which colour.
    pub colour: Rgb,
}

/// A plate behind text.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Plate {
    /// Of which colour.
    pub colour: Rgb,
    /// 1 is opaque; that of the whole comes on top of it.
    pub opacity: f64,
    /// How far it reaches beyond the lines' boxes.
    pub padding: u32,
}

/// How samples mix, as libvips and the W3C name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Blend {
    /// What lies above hides what is below.
    #[default]
    Over,
    /// Above, but only where something is below.
    Atop,
    /// What is below hides what lies above.
    DestOver,
    /// What is below stays where something lies above.
    DestIn,
    /// What is below stays where nothing lies above.
    DestOut,
    /// One or the other, nothing where both are.
    Xor,
    /// Sums.
    Add,
    /// Sums, as far as there is room.
    Saturate,
    /// Products: darker.
    Multiply,
    /// Products of what is missing to white: lighter.
    Screen,
    /// Multiplies what is dark below, screens what is bright.
    Overlay,
    /// The darker sample.
    Darken,
    /// The lighter sample.
    Lighten,
    /// Brightens what is below by what lies above.
    ColourDodge,
    /// Darkens what is below by what lies above.
    ColourBurn,
    /// As `overlay`, the other way around.
    HardLight,
    /// A softer `hard-light`.
    SoftLight,
    /// The distance of both.
    Difference,
    /// A softer `difference`.
    Exclusion,
}

impl Blend {
    /// All of them.
    pub const ALL: [Self; 19] = [
        Self::Over,
        Self::Atop,
        Self::DestOver,
        Self::DestIn,
        Self::DestOut,
        Self::Xor,
        Self::Add,
        Self::Saturate,
        Self::Multiply,
        Self::Screen,
        Self::Overlay,
        Self::Darken,
        Self::Lighten,
        Self::ColourDodge,
        Self::ColourBurn,
        Self::HardLight,
        Self::SoftLight,
        Self::Difference,
        Self::Exclusion,
    ];

    /// As documents write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Over => "over",
            Self::Atop => "atop",
            Self::DestOver => "dest-over",
            Self::DestIn => "dest-in",
            Self::DestOut => "dest-out",
            Self::Xor => "xor",
            Self::Add => "add",
            Self::Saturate => "saturate",
            Self::Multiply => "multiply",
            Self::Screen => "screen",
            Self::Overlay => "overlay",
            Self::Darken => "darken",
            Self::Lighten => "lighten",
            Self::ColourDodge => "colour-dodge",
            Self::ColourBurn => "colour-burn",
            Self::HardLight => "hard-light",
            Self::SoftLight => "soft-light",
            Self::Difference => "difference",
            Self::Exclusion => "exclusion",
        }
    }

    /// May an opaque picture be transparent after it?
    pub fn cuts(self) -> bool {
        matches!(self, Self::DestIn | Self::DestOut | Self::Xor)
    }
}

/// The bundled fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Font {
    /// Noto Sans.
    #[default]
    Sans,
    /// Noto Sans Bold.
    SansBold,
    /// Noto Serif.
    Serif,
    /// Noto Serif Bold.
    SerifBold,
    /// Noto Sans Mono.
    Mono,
}

impl Font {
    /// All of them, as documents write them.
    pub const ALL: [(&'static str, Self); 5] = [
        ("sans", Self::Sans),
        ("sans-bold", Self::SansBold),
        ("serif", Self::Serif),
        ("serif-bold", Self::SerifBold),
        ("mono", Self::Mono),
    ];
}

/// Where lines lie that are shorter than the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TextAlign {
    /// At the left.
    #[default]
    Left,
    /// In the middle.
    Centre,
    /// At the right.
    Right,
}
