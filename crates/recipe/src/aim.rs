//! What an encoding is to come to instead of a quality in its encoder's own scale: a look, or a number of bytes.
use serde::{Deserialize, Serialize, Serializer};

use crate::Encoding;

/// What is searched for over the quality; nothing, where the quality is simply told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Aim {
    /// The least quality that looks so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Look>,
    /// The best quality that is no longer than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_bytes: Option<u64>,
}

/// How a file must look beside the picture that it is encoded from, and between which qualities that is sought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Look {
    /// SSIMULACRA2: 90 cannot be told apart side by side, 70 is good, 50 is poor.
    pub ssimulacra2: Score,
    /// Never worse than this.
    pub min: u8,
    /// Never better than this.
    pub max: u8,
}

impl Look {
    /// Worse than this is seen on any screen, whatever a score says.
    pub const QUALITY_MIN: u8 = 30;
    /// Above this all encoders spend bytes on what nobody sees.
    pub const QUALITY_MAX: u8 = 95;
}

/// A score in hundredths, so that it is the same number in every text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(i32);

impl Score {
    /// Rounded to a hundredth.
    pub fn new(score: f64) -> Self {
        Self((score * 100.0).round() as i32)
    }

    /// As a number.
    pub fn get(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl Serialize for Score {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        f64::deserialize(deserializer).map(Self::new)
    }
}

impl Aim {
    /// Files over a byte budget are made no worse than this: below it there is no picture left to send.
    pub const QUALITY_FLOOR: u8 = 10;
    /// Encodings that one search may take; each halves what is left of the scale at worst, and guesses well at best.
    pub const ENCODES_MAX: u32 = 6;

    /// Is nothing sought?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// How often a picture is encoded at most.
    pub fn encodes_max(&self) -> u32 {
        let searches = u32::from(self.target.is_some()) + u32::from(self.max_bytes.is_some());
        (searches * Self::ENCODES_MAX).max(1)
    }
}

impl Encoding {
    /// Does it have a quality that trades looks for bytes?
    pub fn is_graded(&self) -> bool {
        match self {
            Self::Jpeg { .. } => true,
            Self::Webp { lossless, tuning, .. } => !lossless && !tuning.near_lossless,
            Self::Avif { lossless, .. } => !lossless,
            Self::Png { .. } | Self::Gif { .. } | Self::Tiff { .. } => false,
        }
    }

    /// The same at another quality; itself where it has none.
    #[must_use]
    pub fn at_quality(&self, asked: u8) -> Self {
        let mut encoding = self.clone();
        match &mut encoding {
            Self::Jpeg { quality, .. } | Self::Webp { quality, .. } | Self::Avif { quality, .. } => {
                *quality = asked;
            }
            Self::Png { .. } | Self::Gif { .. } | Self::Tiff { .. } => {}
        }
        encoding
    }
}
