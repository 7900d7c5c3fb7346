//! Formats in, formats out.
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
    /// HEVC in HEIF: what phones of Apple take.
    Heic,
    /// JPEG XL.
    Jxl,
    /// SVG: drawn at the sizes that are needed.
    Svg,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Jpeg,
        Self::Png,
        Self::Webp,
        Self::Avif,
        Self::Gif,
        Self::Tiff,
        Self::Heic,
        Self::Jxl,
        Self::Svg,
    ];

    /// Does it have no pixels of its own, so that it may be drawn at any size?
    pub fn is_vector(self) -> bool {
        self == Self::Svg
    }

    /// As it is written in recipes and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Gif => "gif",
            Self::Tiff => "tiff",
            Self::Heic => "heic",
            Self::Jxl => "jxl",
            Self::Svg => "svg",
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
    /// GIF.
    Gif,
    /// TIFF.
    Tiff,
}

impl OutputFormat {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Avif,
        Self::Webp,
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::Tiff,
    ];

    /// File name extension, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Avif => "avif",
            Self::Webp => "webp",
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Tiff => "tif",
        }
    }

    /// As it is written in recipes and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Tiff => "tiff",
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
            Self::Gif => "image/gif",
            Self::Tiff => "image/tiff",
        }
    }

    /// Can it carry an animation? An AVIF could, but its encoder here writes pictures side by side, which no browser plays.
    pub fn has_frames(self) -> bool {
        matches!(self, Self::Webp | Self::Gif)
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
