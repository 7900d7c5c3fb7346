//! What an original says of itself: EXIF, IPTC and XMP read into a bounded list of texts, and the parts that people or cameras
//! have marked. Every byte is hostile: what is damaged or too much is left out, nothing fails.
//!
//! Places (GPS) are never among the texts: what is not there cannot be published by mistake.
mod exif;
mod iptc;
mod place;
mod xmp;

use minilab_recipe::{
    Area, ColourSpace, Coordinates, Decode, Embedded, Kernel, Mark, MarkKind, Probe, REGIONS_MAX, Shrink,
    TEXT_BYTES_MAX, TEXTS_BYTES_MAX, TEXTS_MAX,
};

use crate::{Engine, Error, Result, decoders, engine};

/// A block that is longer is not read: 1 MiB, above what cameras and editors write.
const BLOCK_BYTES_MAX: usize = 1 << 20;

/// What an original's metadata says.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    /// Texts and marked parts.
    pub embedded: Embedded,
    /// Where it was taken.
    pub place: Option<Coordinates>,
}

impl Engine {
    /// What the metadata of an original says. Of what libvips reads, only the header is.
    pub fn told(&self, bytes: &[u8], probe: &Probe) -> Result<Told> {
        let whole = Decode {
            shrink: Shrink(1),
            page: 0,
            size: probe.upright(),
            colour: ColourSpace::Original,
            kernel: Kernel::default(),
            frames: 1,
        };
        let loaded = match decoders::load(bytes, probe, &whole) {
            Some(decoded) => decoded?,
            None => engine::load(probe.format)?
                .source(bytes)
                .image()
                .map_err(Error::decoding)?,
        };
        let block = |name| {
            loaded
                .blob_field(name)
                .filter(|block| block.len() <= BLOCK_BYTES_MAX)
        };
        let (exif, iptc, xmp) = (block(c"exif-data"), block(c"iptc-data"), block(c"xmp-data"));
        let blocks = Blocks {
            exif: match &exif {
                Some(exif) => Some(exif.strip_prefix(b"Exif\0\0").unwrap_or(exif)),
                // A TIFF is its own EXIF block.
                None => Some(bytes).filter(|_| probe.format == minilab_recipe::Format::Tiff),
            },
            iptc: iptc.as_deref(),
            xmp: xmp.as_deref(),
        };
        Ok(blocks.read(probe))
    }
}

/// Blocks of metadata as they lie in an original.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Blocks<'a> {
    /// From the TIFF header on.
    pub(crate) exif: Option<&'a [u8]>,
    pub(crate) iptc: Option<&'a [u8]>,
    pub(crate) xmp: Option<&'a [u8]>,
}

impl Blocks<'_> {
    pub(crate) fn read(&self, probe: &Probe) -> Told {
        let mut found = Gathered::new(probe);
        if let Some(exif) = self.exif {
            exif::read(exif, &mut found);
            found.place = place::of_exif(exif);
        }
        if let Some(iptc) = self.iptc {
            iptc::read(iptc, &mut found);
        }
        if let Some(xmp) = self.xmp {
            xmp::read(xmp, &mut found);
        }
        Told {
            embedded: found.embedded,
            place: found.place,
        }
    }
}

/// What was read so far, within its bounds.
struct Gathered<'a> {
    probe: &'a Probe,
    embedded: Embedded,
    place: Option<Coordinates>,
    bytes: usize,
}

impl<'a> Gathered<'a> {
    fn new(probe: &'a Probe) -> Self {
        Self {
            probe,
            embedded: Embedded::default(),
            place: None,
            bytes: 0,
        }
    }

    /// Keeps a text without control characters, cut to what one may have; the first of a name stands.
    fn text(&mut self, name: String, text: &str) {
        let mut plain: String = text
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .take(TEXT_BYTES_MAX)
            .collect();
        plain.truncate(plain.floor_char_boundary(TEXT_BYTES_MAX));
        let plain = plain.trim();
        let bytes = name.len() + plain.len();
        let full = self.embedded.texts.len() == TEXTS_MAX || self.bytes + bytes > TEXTS_BYTES_MAX;
        if plain.is_empty() || full || self.embedded.texts.contains_key(&name) {
            return;
        }
        self.bytes += bytes;
        self.embedded.texts.insert(name, plain.to_owned());
    }

    /// Keeps a marked part, given by its middle and sides as fractions of a picture that is stood up by `orientation`.
    fn region(&mut self, kind: MarkKind, middle: [f64; 2], sides: [f64; 2], orientation: u8) {
        let edges = |index: usize| {
            let (at, side) = (middle[index], sides[index].max(0.0));
            (
                (at - side / 2.0).clamp(0.0, 1.0),
                (at + side / 2.0).clamp(0.0, 1.0),
            )
        };
        let sound = middle.iter().chain(&sides).all(|number| number.is_finite());
        let within = middle.iter().all(|at| (0.0..=1.0).contains(at));
        if sound && within && self.embedded.regions.len() < REGIONS_MAX {
            let area = upright(edges(0), edges(1), orientation);
            self.embedded.regions.push(Mark { kind, area });
        }
    }
}

/// An area of the stored picture in the upright one, by EXIF orientation.
fn upright((left, right): (f64, f64), (top, bottom): (f64, f64), orientation: u8) -> Area {
    let (x, y) = match orientation {
        2 => ((1.0 - right, 1.0 - left), (top, bottom)),
        3 => ((1.0 - right, 1.0 - left), (1.0 - bottom, 1.0 - top)),
        4 => ((left, right), (1.0 - bottom, 1.0 - top)),
        5 => ((top, bottom), (left, right)),
        6 => ((1.0 - bottom, 1.0 - top), (left, right)),
        7 => ((1.0 - bottom, 1.0 - top), (1.0 - right, 1.0 - left)),
        8 => ((top, bottom), (1.0 - right, 1.0 - left)),
        _ => ((left, right), (top, bottom)),
    };
    // Four digits are finer than any pixel that is cropped to, and keep records short.
    let short = |number: f64| (number * 1e4).round() / 1e4;
    Area {
        x: short(x.0),
        y: short(y.0),
        width: short(x.1 - x.0),
        height: short(y.1 - y.0),
    }
}

#[cfg(test)]
mod tests;
