//! The header of an original: by safe code first, then by the loader that the content named.
use std::collections::BTreeMap;

use minilab_recipe::{Format, Page, Pixels, Probe};

use crate::container::{self, Header, Kind, Tally};
use crate::sniff::{Recognised, recognise};
use crate::vips::{Image, Interpretation};
use crate::{Engine, Error, Limits, Result, decoders, engine};

impl Engine {
    /// Reads the header of an original and refuses what is beyond the limits. No pixel is decoded.
    pub fn probe(&self, bytes: &[u8], limits: &Limits) -> Result<Probe> {
        let format = self.format(bytes)?;
        limits.check_format(format)?;
        if format == Format::Heic {
            container::scan(format, bytes, limits)?;
        }
        if let Some(probed) = decoders::probe(format, bytes, limits) {
            return probed;
        }
        let header = container::scan(format, bytes, limits)?;
        let loaded = engine::load(format)?
            .source(bytes)
            .image()
            .map_err(Error::decoding)?;
        let mut probe = describe(format, &header, &loaded);
        limits.check(&probe, loaded.bands())?;
        check_blocks(&loaded, limits)?;
        agree(&header, &probe)?;
        for page in limits.pages.iter().copied() {
            if !probe.has_page(page) {
                continue;
            }
            let own = page_header(bytes, &probe, page, limits)?;
            probe.further.insert(page, own);
        }
        Ok(probe)
    }

    fn format(&self, bytes: &[u8]) -> Result<Format> {
        if bytes.is_empty() {
            return Err(Error::Empty);
        }
        match recognise(bytes) {
            Recognised::Image(format) if self.decodes(format) => Ok(format),
            Recognised::Image(format) => Err(Error::Unsupported {
                what: format!("a {format:?} picture"),
            }),
            Recognised::Other(what) => Err(Error::Unsupported { what: what.into() }),
        }
    }
}

fn describe(format: Format, header: &Header, loaded: &Image<'_>) -> Probe {
    Probe {
        format,
        stored: minilab_recipe::Size {
            width: loaded.width(),
            height: loaded.height(),
        },
        orientation: loaded.orientation(),
        pages: loaded.pages().max(header.frames),
        alpha: loaded.has_alpha(),
        bits: loaded.band_format().bits().min(32),
        pixels: match loaded.interpretation() {
            Interpretation::GREY | Interpretation::GREY16 => Pixels::Grey,
            Interpretation::RGB | Interpretation::SRGB | Interpretation::RGB16 => Pixels::Rgb,
            Interpretation::CMYK => Pixels::Cmyk,
            _ => Pixels::Other,
        },
        icc: loaded.blob_field(c"icc-profile-data").is_some(),
        whole_image: header.whole_image,
        further: BTreeMap::new(),
    }
}

/// The header of a later page, by the loader alone: a TIFF's directories are not walked before it.
fn page_header(bytes: &[u8], probe: &Probe, page: u32, limits: &Limits) -> Result<Page> {
    let loaded = engine::load(probe.format)?
        .source(bytes)
        .set(c"page", page as i32)
        .image()
        .map_err(Error::decoding)?;
    let header = Header {
        width: loaded.width().into(),
        height: loaded.height().into(),
        exact: false,
        whole_image: probe.whole_image,
        bands: None,
        frames: probe.pages,
    };
    let own = describe(probe.format, &header, &loaded);
    limits.check(&own, loaded.bands())?;
    check_blocks(&loaded, limits)?;
    Ok(Page::of(&own))
}

/// What the loader took for metadata, wherever it found it, is held against the same limits.
fn check_blocks(loaded: &Image<'_>, limits: &Limits) -> Result<()> {
    let mut tally = Tally::default();
    for (name, kind) in [
        (c"exif-data", Kind::Exif),
        (c"icc-profile-data", Kind::Icc),
        (c"xmp-data", Kind::Xmp),
        (c"iptc-data", Kind::Other),
        (c"photoshop-data", Kind::Other),
    ] {
        let bytes = loaded.blob_field(name).map_or(0, |block| block.len());
        tally.metadata(kind, bytes as u64, limits)?;
    }
    Ok(())
}

/// Safe code and the loader must have read the same size, or one of them was deceived.
fn agree(header: &Header, probe: &Probe) -> Result<()> {
    let (width, height) = (u64::from(probe.stored.width), u64::from(probe.stored.height));
    if header.exact && (header.width, header.height) != (width, height) {
        return Err(Error::corrupt(format!(
            "its container says {} x {} pixels, its decoder {width} x {height}",
            header.width, header.height
        )));
    }
    Ok(())
}
