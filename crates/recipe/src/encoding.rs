//! How a file is encoded: a format with everything its encoder is told, all defaults resolved.
//!
//! What most recipes never touch is in a `tuning` of its own, whose default is left out of every text: the digests of files
//! that do not use it stay as they are when an option is added.
use serde::{Deserialize, Serialize};

use crate::OutputFormat;

/// Chroma subsampling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Subsampling {
    /// The encoder's choice by quality.
    Auto,
    /// 4:2:0.
    On,
    /// 4:4:4.
    Off,
}

/// A format with everything its encoder is told, all defaults resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "lowercase")]
pub enum Encoding {
    /// JPEG.
    Jpeg {
        /// 1 to 100.
        quality: u8,
        /// 0 plain, 1 with mozjpeg's trellis and table, 2 with its search for the best scans too: slower and smaller.
        effort: u8,
        /// Several scans, coarse first.
        progressive: bool,
        /// Chroma subsampling.
        subsampling: Subsampling,
    },
    /// WebP.
    Webp {
        /// 1 to 100.
        quality: u8,
        /// 0 to 6, slower and smaller.
        effort: u8,
        /// Exact pixels; `quality` then trades time for size.
        lossless: bool,
        /// The rest.
        #[serde(flatten)]
        tuning: WebpTuning,
    },
    /// AVIF.
    Avif {
        /// 1 to 100.
        quality: u8,
        /// 0 to 9, slower and smaller.
        effort: u8,
        /// Exact pixels.
        lossless: bool,
        /// Chroma subsampling.
        subsampling: Subsampling,
        /// The rest.
        #[serde(flatten)]
        tuning: AvifTuning,
    },
    /// PNG.
    Png {
        /// zlib level, 0 to 9.
        compression: u8,
        /// Reduce to at most 256 colours.
        palette: bool,
        /// How.
        #[serde(flatten)]
        tuning: PngTuning,
    },
    /// GIF.
    Gif {
        /// 1 to 10: how long the colours are searched for.
        effort: u8,
        /// Most colours of a frame: 2, 4, 8, ... 256.
        colours: u16,
        /// How far missing colours are mixed from those there are.
        dither: Hundredths,
    },
    /// TIFF.
    Tiff {
        /// How samples are packed.
        compression: TiffCompression,
        /// 1 to 100; of `compression: jpeg` alone.
        quality: u8,
        /// Are differences of neighbours packed in place of samples? Smaller for photos; of lzw and deflate alone.
        predictor: bool,
        /// Squares of 256 pixels in place of strips, for readers that show a part.
        tiled: bool,
    },
}

/// A share of one, in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hundredths(pub u8);

impl Hundredths {
    /// All of it.
    pub const ONE: Self = Self(100);

    /// 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

/// What else a WebP encoder can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct WebpTuning {
    /// Lossless after pixels were moved a little to pack better; the less `quality`, the more.
    #[serde(skip_serializing_if = "is_false")]
    pub near_lossless: bool,
    /// Of transparency, 0 to 100: exact.
    #[serde(skip_serializing_if = "is_full")]
    pub alpha_quality: u8,
    /// Sharper edges of saturated colours, a little larger and slower.
    #[serde(skip_serializing_if = "is_false")]
    pub smart_subsample: bool,
    /// What kind of picture the encoder expects.
    #[serde(skip_serializing_if = "WebpPreset::is_default")]
    pub preset: WebpPreset,
}

impl WebpTuning {
    /// As the encoder is by itself.
    pub const DEFAULT: Self = Self {
        near_lossless: false,
        alpha_quality: 100,
        smart_subsample: false,
        preset: WebpPreset::Default,
    };
}

impl Default for WebpTuning {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Kinds of pictures that libwebp has settings for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum WebpPreset {
    /// Nothing is known of it.
    #[default]
    Default,
    /// A portrait, or a photo taken indoors.
    Picture,
    /// A photo taken outdoors, in daylight.
    Photo,
    /// Drawn by hand or by line.
    Drawing,
    /// Small and colourful.
    Icon,
    /// Like text.
    Text,
}

impl WebpPreset {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_default(&self) -> bool {
        *self == Self::Default
    }
}

/// What else an AVIF encoder can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct AvifTuning {
    /// Bits per sample of the file, 8 or 10: ten leave smooth skies without bands.
    #[serde(skip_serializing_if = "is_eight")]
    pub bits: u8,
    /// What the encoder takes for likeness.
    #[serde(skip_serializing_if = "AvifTune::is_auto")]
    pub tune: AvifTune,
}

impl AvifTuning {
    /// As the encoder is by itself.
    pub const DEFAULT: Self = Self {
        bits: 8,
        tune: AvifTune::Auto,
    };
}

impl Default for AvifTuning {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What the AV1 encoder takes for likeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AvifTune {
    /// libvips' choice.
    #[default]
    Auto,
    /// Equal samples.
    Psnr,
    /// Equal structure.
    Ssim,
    /// What people see, by the encoder's model for still pictures.
    Iq,
}

impl AvifTune {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    fn is_auto(&self) -> bool {
        *self == Self::Auto
    }
}

/// How a PNG is reduced to a palette.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct PngTuning {
    /// Most colours: 2, 4, 16 or 256.
    #[serde(skip_serializing_if = "is_256")]
    pub colours: u16,
    /// Least likeness, 1 to 100: fewer colours are taken if they reach it.
    #[serde(skip_serializing_if = "is_full")]
    pub quality: u8,
    /// How far missing colours are mixed from those there are.
    #[serde(skip_serializing_if = "is_one")]
    pub dither: Hundredths,
    /// 1 to 10: how long the colours are searched for.
    #[serde(skip_serializing_if = "is_seven")]
    pub effort: u8,
}

impl PngTuning {
    /// As the encoder is by itself.
    pub const DEFAULT: Self = Self {
        colours: 256,
        quality: 100,
        dither: Hundredths::ONE,
        effort: 7,
    };
}

impl Default for PngTuning {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// How samples of a TIFF are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TiffCompression {
    /// Not at all.
    None,
    /// As every reader can.
    Lzw,
    /// As zip does: smaller.
    #[default]
    Deflate,
    /// Like a JPEG: smallest, with losses and without transparency.
    Jpeg,
}

macro_rules! omitted {
    ($($name:ident($of:ty): $is:expr),+ $(,)?) => {$(
        fn $name(value: &$of) -> bool {
            *value == $is
        }
    )+};
}
omitted!(is_false(bool): false, is_full(u8): 100, is_eight(u8): 8, is_seven(u8): 7, is_256(u16): 256, is_one(Hundredths): Hundredths::ONE);

impl Encoding {
    /// The format alone.
    pub fn format(&self) -> OutputFormat {
        match self {
            Self::Jpeg { .. } => OutputFormat::Jpeg,
            Self::Webp { .. } => OutputFormat::Webp,
            Self::Avif { .. } => OutputFormat::Avif,
            Self::Png { .. } => OutputFormat::Png,
            Self::Gif { .. } => OutputFormat::Gif,
            Self::Tiff { .. } => OutputFormat::Tiff,
        }
    }

    /// The quality it is told, where it has one.
    pub fn quality(&self) -> Option<u8> {
        match *self {
            Self::Jpeg { quality, .. }
            | Self::Webp { quality, .. }
            | Self::Avif { quality, .. }
            | Self::Tiff {
                quality,
                compression: TiffCompression::Jpeg,
                ..
            } => Some(quality),
            Self::Png { .. } | Self::Gif { .. } | Self::Tiff { .. } => None,
        }
    }

    /// Can its files carry transparency?
    pub fn has_alpha(&self) -> bool {
        !matches!(
            self,
            Self::Jpeg { .. }
                | Self::Tiff {
                    compression: TiffCompression::Jpeg,
                    ..
                }
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_are_not_used_leave_the_text_as_it_was() {
        for text in [
            r#"{"format":"webp","quality":81,"effort":4,"lossless":false}"#,
            r#"{"format":"avif","quality":57,"effort":3,"lossless":false,"subsampling":"auto"}"#,
            r#"{"format":"png","compression":6,"palette":false}"#,
        ] {
            let encoding: Encoding = serde_json::from_str(text).expect("a record of an earlier release");
            assert_eq!(serde_json::to_string(&encoding).expect("plain data"), text);
        }
    }

    #[test]
    fn options_that_are_used_come_back() {
        let text = r#"{"format":"webp","quality":60,"effort":4,"lossless":false,"near_lossless":true,"preset":"icon"}"#;
        let encoding: Encoding = serde_json::from_str(text).expect("an encoding");
        assert_eq!(serde_json::to_string(&encoding).expect("plain data"), text);
    }
}
