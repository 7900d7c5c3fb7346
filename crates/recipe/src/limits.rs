//! What an original may be at most. Numbers and their reasons: docs/SECURITY.md.
use serde::{Deserialize, Serialize};

use crate::Format;

/// Limits on an original, checked before its pixels are decoded. The worker hands them to the renderer as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Pixels of one frame, for forms that stream.
    pub pixels: u64,
    /// Pixels of one frame, for forms that must be decoded whole (interlaced, progressive, lossless WebP, AVIF).
    pub pixels_whole_image: u64,
    /// Pixels along one side.
    pub side: u32,
    /// Frames or pages.
    pub frames: u32,
    /// Samples per pixel.
    pub bands: u32,
    /// Formats let in; empty means all that this build decodes.
    pub formats: Vec<Format>,
    /// Pages after the first whose header is told, from 1: those that the recipe asks.
    pub pages: Vec<u32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 50 << 20,
            pixels: 100_000_000,
            pixels_whole_image: 50_000_000,
            side: 16_384,
            frames: 256,
            bands: 5,
            formats: Vec::new(),
            pages: Vec::new(),
        }
    }
}
