//! What is known of an original before its pixels are decoded.
use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Area, Asset, Decode, Embedded, Findings, Format, Size};

/// What the pixels of an original mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pixels {
    /// Red, green, blue.
    Rgb,
    /// Shades of grey.
    Grey,
    /// Inks.
    Cmyk,
    /// CIE Lab and others that libvips converts by itself.
    Other,
}

/// The header of an original: enough to plan by, never trusted beyond the limits it was checked against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Told by content.
    pub format: Format,
    /// Width and height as stored, before the orientation is applied.
    pub stored: Size,
    /// EXIF orientation, 1 to 8; 1 where there is none or a wrong one.
    pub orientation: u8,
    /// Frames or pages; 1 for a still.
    pub pages: u32,
    /// Does it have transparency?
    pub alpha: bool,
    /// Bits per sample: 1, 8, 16 or 32.
    pub bits: u8,
    /// What the samples mean.
    pub pixels: Pixels,
    /// Does it carry an ICC profile?
    pub icc: bool,
    /// Must the whole image be decoded before its first row is known (interlaced, progressive, lossless WebP, AVIF)?
    pub whole_image: bool,
    /// Headers of later pages, by number from 0: those that the recipe asks and the file has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub further: BTreeMap<u32, Page>,
}

/// The header of a page, each of which has its own size and samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// Width and height as stored.
    pub stored: Size,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
    /// Does it have transparency?
    pub alpha: bool,
    /// Bits per sample.
    pub bits: u8,
    /// What the samples mean.
    pub pixels: Pixels,
    /// Does it carry an ICC profile?
    pub icc: bool,
}

impl Page {
    /// The header of a file that shows this page first.
    pub fn of(probe: &Probe) -> Self {
        Self {
            stored: probe.stored,
            orientation: probe.orientation,
            alpha: probe.alpha,
            bits: probe.bits,
            pixels: probe.pixels,
            icc: probe.icc,
        }
    }
}

impl Probe {
    /// The header of a page as if it came first. `None`: there is no such page, or nobody asked for it; frames of an
    /// animation are no pages.
    pub fn of_page(&self, page: u32) -> Option<Cow<'_, Self>> {
        if page == 0 {
            return Some(Cow::Borrowed(self));
        }
        let own = self.further.get(&page)?;
        Some(Cow::Owned(Self {
            stored: own.stored,
            orientation: own.orientation,
            alpha: own.alpha,
            bits: own.bits,
            pixels: own.pixels,
            icc: own.icc,
            ..self.clone()
        }))
    }

    /// Does it have a page of that number? Frames are none, whether they are decoded (GIF, WebP) or not (PNG, JPEG XL).
    pub fn has_page(&self, page: u32) -> bool {
        let has_pages = matches!(self.format, Format::Tiff | Format::Avif | Format::Heic);
        page == 0 || (page < self.pages && has_pages)
    }

    /// Are its pages shown one after the other?
    pub fn is_animated(&self) -> bool {
        self.pages > 1 && matches!(self.format, Format::Gif | Format::Webp)
    }

    /// Width and height as people see it.
    pub fn upright(&self) -> Size {
        if self.orientation >= 5 {
            Size {
                width: self.stored.height,
                height: self.stored.width,
            }
        } else {
            self.stored
        }
    }
}

/// A point of an image, as fractions of the upright width and height, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

impl Area {
    /// Reads a point, `0.3,0.55`, or a rectangle by its left upper corner and sides, `0.3,0.1,0.4,0.4`, as the object's
    /// metadata [`crate::FOCAL`] holds it; with spaces for commas in tags, which may hold none. `None` for anything else: what uploaders write into metadata never fails a
    /// job, the next gravity applies.
    pub fn from_metadata(text: &str) -> Option<Self> {
        let fraction = |text: &str| {
            let number = text.trim().parse::<f64>().ok();
            number.filter(|f| (0.0..=1.0).contains(f))
        };
        let numbers: Option<Vec<f64>> = if text.contains(',') {
            text.splitn(5, ',').map(fraction).collect()
        } else {
            text.split_whitespace().take(5).map(fraction).collect()
        };
        let area = match *numbers?.as_slice() {
            [x, y] => Self {
                x,
                y,
                width: 0.0,
                height: 0.0,
            },
            [x, y, width, height] => Self { x, y, width, height },
            _ => return None,
        };
        Some(area).filter(Self::is_inside)
    }
}

/// Everything about one original that a plan depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Original {
    /// Its key.
    pub key: String,
    /// Its header.
    pub probe: Probe,
    /// The part that must stay in the picture, where the object's metadata names one; a point has no sides.
    pub focal: Option<Area>,
    /// What people have cropped a derivative to, by its name: it stands instead of any automatic crop.
    #[serde(default)]
    pub crops: Vec<(String, Area)>,
    /// What was found in it; all that the recipe's survey asks.
    pub findings: Findings,
    /// Of the object's metadata what the recipe reads.
    #[serde(default)]
    pub metadata: BTreeMap<String, String>,
    /// What became of the pictures that the recipe names ([`crate::Recipe::assets`]).
    #[serde(default)]
    pub assets: Vec<Asset>,
    /// How it is decoded already, since something was looked for in it: a plan takes that rather than decode it again.
    #[serde(default)]
    pub at_hand: Option<Decode>,
}

impl Original {
    /// One of which only the header is known.
    pub fn new(key: impl Into<String>, probe: Probe) -> Self {
        Self {
            key: key.into(),
            probe,
            focal: None,
            crops: Vec::new(),
            findings: Findings::default(),
            metadata: BTreeMap::new(),
            assets: Vec::new(),
            at_hand: None,
        }
    }

    /// The original as far as one of its pages goes. Faces, borders and marks were looked for on the first, which alone is at
    /// hand.
    pub(crate) fn of_page(&self, page: u32) -> Option<Cow<'_, Self>> {
        if page == 0 {
            return Some(Cow::Borrowed(self));
        }
        let texts = |embedded: &Embedded| Embedded {
            texts: embedded.texts.clone(),
            regions: Vec::new(),
        };
        Some(Cow::Owned(Self {
            probe: self.probe.of_page(page)?.into_owned(),
            findings: Findings {
                embedded: self.findings.embedded.as_ref().map(texts),
                ..Findings::default()
            },
            at_hand: None,
            ..self.clone()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fractions_are_a_focal_point_or_rectangle() {
        let area = |width, height| Area {
            x: 0.3,
            y: 0.55,
            width,
            height,
        };
        assert_eq!(Area::from_metadata("0.3, 0.55"), Some(area(0.0, 0.0)));
        assert_eq!(Area::from_metadata("0.3,0.55,0.2,0.4"), Some(area(0.2, 0.4)));
        assert_eq!(Area::from_metadata("0.3 0.55"), Some(area(0.0, 0.0)));
        assert_eq!(Area::from_metadata(" 0.3  0.55 0.2 0.4 "), Some(area(0.2, 0.4)));
        for other in [
            "0.3 0.5 0.1",
            "0 0 1 1 1",
            "",
            "0.3",
            "1.2,0.5",
            "a,b",
            "NaN,0.1",
            "-0.1,0.2",
            "0.3,0.5,0.1",
            "0.8,0,0.3,1",
            "0,0,1,1,1",
        ] {
            assert_eq!(Area::from_metadata(other), None, "{other}");
        }
    }
}
