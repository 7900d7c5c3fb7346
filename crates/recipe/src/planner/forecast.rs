//! What an original is likely to take before anybody has opened it: a plan from the header that such a file usually has.
use std::collections::BTreeMap;

use crate::{Embedded, Findings, Format, Lane, Original, Pixels, Probe, Recipe, Size};

/// What an original takes that is refused by its header.
const REFUSED_MS: u64 = 5;
/// The usual ratio of sides.
const RATIO: f64 = 4.0 / 3.0;
/// A drawing says nothing of its size by its length.
const DRAWING: Size = Size {
    width: 1000,
    height: 750,
};

impl Format {
    /// What a name promises by its ending.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        Some(match ending.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "jpe" => Self::Jpeg,
            "png" => Self::Png,
            "webp" => Self::Webp,
            "avif" => Self::Avif,
            "gif" => Self::Gif,
            "tif" | "tiff" => Self::Tiff,
            "heic" | "heif" => Self::Heic,
            "jxl" => Self::Jxl,
            "svg" => Self::Svg,
            _ => return None,
        })
    }
}

impl Recipe {
    /// CPU milliseconds that these lanes of an original of this format and length usually take. Rough: who uses it corrects
    /// it by what such originals turned out to take.
    pub fn forecast(&self, format: Format, bytes: u64, lanes: &[Lane]) -> u64 {
        let pixels = bytes as f64 / bytes_per_pixel(format);
        // What is larger is refused before it is decoded; most of what is as long as that is not.
        let pixels = pixels.clamp(
            1.0,
            self.accept.pixels.min(self.accept.whole_image_pixels) as f64 / 1.05,
        );
        let original = presumed(format, pixels);
        let plan = self.plan(&original, lanes);
        plan.map_or(REFUSED_MS, |plan| plan.predicted.cpu_ms)
    }
}

fn presumed(format: Format, pixels: f64) -> Original {
    let stored = match format {
        Format::Svg => DRAWING,
        _ => super::size((pixels * RATIO).sqrt(), (pixels / RATIO).sqrt()),
    };
    let probe = Probe {
        format,
        stored,
        orientation: 1,
        pages: 1,
        alpha: matches!(format, Format::Png | Format::Gif | Format::Svg),
        bits: 8,
        pixels: Pixels::Rgb,
        icc: false,
        whole_image: matches!(format, Format::Avif | Format::Heic | Format::Jxl),
        further: BTreeMap::new(),
    };
    Original {
        key: String::new(),
        probe,
        focal: None,
        crops: Vec::new(),
        findings: Findings {
            faces: Some(Vec::new()),
            embedded: Some(Embedded::default()),
            ..Findings::default()
        },
        metadata: BTreeMap::new(),
        assets: Vec::new(),
        at_hand: None,
    }
}

/// As cameras, phones and editors write them.
fn bytes_per_pixel(format: Format) -> f64 {
    match format {
        Format::Jpeg => 0.35,
        Format::Png => 1.8,
        Format::Webp | Format::Heic => 0.15,
        Format::Avif => 0.1,
        Format::Gif => 0.8,
        Format::Tiff => 3.0,
        Format::Jxl => 0.2,
        Format::Svg => 1.0,
    }
}
