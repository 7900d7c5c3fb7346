//! Formats that are read here, in safe Rust: HEIC and JPEG XL down to their pixels, SVG down to a drawing that is safe
//! to draw.
//!
//! Each answers as the loaders of libvips do: a probe from the header alone, and an image with its profile, EXIF and XMP
//! as fields. Photographs are decoded whole, at full size.
mod heic;
mod jxl;
mod pixels;
mod svg;

pub(crate) use svg::warm as warm_svg;
#[cfg(feature = "testing")]
pub(crate) use svg::{clean as clean_svg, probe as probe_svg};

use std::panic::{AssertUnwindSafe, catch_unwind};

use minilab_recipe::{Decode, Format, Probe};

use crate::vips::Image;
use crate::{Error, Limits, Result};

/// A probe by one of these decoders; `None` for formats of libvips.
pub(crate) fn probe(format: Format, bytes: &[u8], limits: &Limits) -> Option<Result<Probe>> {
    match format {
        Format::Heic => Some(guarded(|| heic::probe(bytes, limits))),
        Format::Jxl => Some(guarded(|| jxl::probe(bytes, limits))),
        Format::Svg => Some(guarded(|| svg::probe(bytes, limits))),
        _ => None,
    }
}

/// The picture by one of these decoders; `None` for formats of libvips.
pub(crate) fn load(bytes: &[u8], probe: &Probe, decode: &Decode) -> Option<Result<Image<'static>>> {
    match probe.format {
        Format::Heic => Some(guarded(|| heic::load(bytes, probe, decode.page))),
        Format::Jxl => Some(guarded(|| jxl::load(bytes, probe, decode.page))),
        Format::Svg => Some(guarded(|| svg::load(bytes, decode.size))),
        _ => None,
    }
}

/// A decoder that panics has met damage that it does not know; its values are dropped, nothing else was touched.
fn guarded<T>(decode: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(Error::corrupt("it cannot be decoded (the decoder gave up)")))
}
