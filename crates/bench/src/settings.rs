//! The work that all contenders do, as `scripts/bench/settings.json` says it: widths, formats and how to encode them.
use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde::Deserialize;

/// One set of files to be made of each original.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Widths, largest first.
    pub widths: Vec<i32>,
    /// Encodings of each width.
    pub formats: Vec<Format>,
}

/// One encoding.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(tag = "format", rename_all = "lowercase", deny_unknown_fields)]
pub enum Format {
    /// JPEG, plain or as mozjpeg makes it: progressive, trellis, its own table.
    Jpeg {
        /// 1 to 100.
        quality: i32,
        /// 0 plain, 2 with all of mozjpeg's options.
        effort: i32,
        /// Several scans?
        progressive: bool,
    },
    /// Lossy WebP.
    Webp {
        /// 1 to 100.
        quality: i32,
        /// 0 to 6.
        effort: i32,
    },
    /// Lossy AVIF of 8 bits.
    Avif {
        /// 1 to 100.
        quality: i32,
        /// 0 to 9.
        effort: i32,
    },
}

impl Format {
    /// Its file name extension.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "jpg",
            Self::Webp { .. } => "webp",
            Self::Avif { .. } => "avif",
        }
    }
}

impl Settings {
    /// Reads one set from a file of its own.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("cannot read the settings {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is no set of settings", path.display()))
    }
}
