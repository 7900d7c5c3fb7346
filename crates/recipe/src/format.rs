//! Formats in, formats out, and how an output is encoded.
use std::fmt;

use serde::{Deserialize, Serialize};

/// A format that an original may have, told by its content.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG.
    Png,
    /// WebP, lossy or lossless.
    Webp,
    /// AV1 in HEIF.
    Avif,
    /// GIF.
    Gif,
    /// TIFF.
    Tiff,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Avif,
        Self::Gif,
        Self::Tiff,
    ];

    /// As it is written in recipes and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A format that a file can be made in.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
    /// AVIF.
    Avif,
    /// WebP.
    Webp,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

impl OutputFormat {
    /// File name extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Avif => "avif",
            Self::Webp => "webp",
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }

    /// As it is written in recipes and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            other => other.extension(),
        }
    }

    /// Media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }

    /// Can it carry transparency?
    pub fn has_alpha(self) -> bool {
        !matches!(self, Self::Jpeg)
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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
    },
    /// PNG.
    Png {
        /// zlib level, 0 to 9.
        compression: u8,
        /// Reduce to at most 256 colours.
        palette: bool,
    },
}

impl Encoding {
    /// The format alone.
    pub fn format(&self) -> OutputFormat {
        match self {
            Self::Jpeg { .. } => OutputFormat::Jpeg,
            Self::Webp { .. } => OutputFormat::Webp,
            Self::Avif { .. } => OutputFormat::Avif,
            Self::Png { .. } => OutputFormat::Png,
        }
    }

    /// The quality it is told, where it has one.
    pub fn quality(&self) -> Option<u8> {
        match *self {
            Self::Jpeg { quality, .. } | Self::Webp { quality, .. } | Self::Avif { quality, .. } => {
                Some(quality)
            }
            Self::Png { .. } => None,
        }
    }
}
