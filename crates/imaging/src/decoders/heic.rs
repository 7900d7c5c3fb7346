//! HEIC by `heic-decoder`: the primary picture of the file, or that of another page, its grid put together, cropped, turned and mirrored as its
//! properties say. Its EXIF orientation repeats them and is not applied again.
//!
//! Colours: the file's own profile; else what its `colr` box or the bitstream says, as a profile; else sRGB.
use heic_decoder::{ColorInfo, DecodedImage, HeifError, RgbOptions};
use minilab_recipe::{Format, Page, Pixels as Meaning, Probe, Size};
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

use super::pixels::{Carried, Pixels, Samples};
use crate::cicp;
use crate::container::{heic_pictures, heic_showing};
use crate::limits::within;
use crate::vips::Image;
use crate::{Error, Limits, Result};

const GREY: u32 = 0;

pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<Probe> {
    let pages = heic_pictures(bytes).len().max(1);
    within("frames", pages as u64, limits.frames_max.into())?;
    let mut probe = Probe {
        pages: pages as u32,
        ..header(bytes, limits)?
    };
    for page in limits.pages.iter().copied() {
        if page > 0 && probe.has_page(page) {
            let own = header(&heic_showing(bytes, page)?, limits)?;
            probe.further.insert(page, Page::of(&own));
        }
    }
    Ok(probe)
}

/// Of the primary picture alone.
fn header(bytes: &[u8], limits: &Limits) -> Result<Probe> {
    let info = heic_decoder::probe(bytes).map_err(refused)?;
    // The size before the turn, too: a clean aperture must not hide what is decoded.
    limits.check_size(info.coded_width as u64, info.coded_height as u64, true)?;
    let metadata = heic_decoder::read_metadata(bytes).map_err(refused)?;
    let described = match (&metadata.icc_profile, metadata.color_info) {
        (Some(_), _) => true,
        (None, Some(colour)) => profile_of(colour)?.is_some(),
        (None, None) => false,
    };
    let probe = Probe {
        format: Format::Heic,
        stored: Size {
            width: info.width as u32,
            height: info.height as u32,
        },
        orientation: 1,
        pages: 1,
        alpha: info.alpha_bit_depth.is_some(),
        bits: if info.bit_depth_luma > 8 { 16 } else { 8 },
        pixels: if info.chroma_format_idc == GREY {
            Meaning::Grey
        } else {
            Meaning::Rgb
        },
        icc: described,
        whole_image: true,
        further: std::collections::BTreeMap::new(),
    };
    limits.check(&probe, if probe.alpha { 4 } else { 3 })?;
    Ok(probe)
}

pub(super) fn load(bytes: &[u8], probe: &Probe, page: u32) -> Result<Image<'static>> {
    let bytes = heic_showing(bytes, page)?;
    let decoded = on_this_thread(|| heic_decoder::decode(&bytes))?.map_err(refused)?;
    if (decoded.width, decoded.height) != (probe.stored.width as usize, probe.stored.height as usize) {
        return Err(Error::corrupt(format!(
            "its header says {} x {} pixels, its decoder {} x {}",
            probe.stored.width, probe.stored.height, decoded.width, decoded.height
        )));
    }
    let metadata = &decoded.metadata;
    let made = match (&metadata.icc_profile, decoded.color_info) {
        (None, Some(colour)) => profile_of(colour)?,
        _ => None,
    };
    let carried = Carried {
        icc: metadata.icc_profile.as_deref().or(made.as_deref()),
        exif: metadata.exif.as_deref(),
        xmp: metadata.xmp.as_deref(),
    };
    let options = RgbOptions {
        color: Some(matrix_of(decoded.color_info)),
        ..RgbOptions::default()
    };
    image(&decoded, probe, &options, &carried)
}

fn image(
    decoded: &DecodedImage,
    probe: &Probe,
    options: &RgbOptions,
    carried: &Carried<'_>,
) -> Result<Image<'static>> {
    let samples = on_this_thread(|| samples(decoded, probe.bits > 8, options))?.map_err(refused)?;
    let pixels = Pixels {
        width: probe.stored.width,
        height: probe.stored.height,
        bands: if decoded.alpha.is_some() { 4 } else { 3 },
        samples,
        premultiplied: decoded.alpha.as_ref().is_some_and(|alpha| alpha.premultiplied),
    };
    pixels.into_image(carried)
}

fn samples(decoded: &DecodedImage, wide: bool, options: &RgbOptions) -> Result<Samples, HeifError> {
    Ok(match (wide, decoded.alpha.is_some()) {
        (false, false) => Samples::Bytes(decoded.to_rgb8_with_options(options)?.data),
        (false, true) => Samples::Bytes(decoded.to_rgba8_with_options(options)?.data),
        (true, false) => Samples::Words(decoded.to_rgb16_with_options(options)?.data),
        (true, true) => Samples::Words(decoded.to_rgba16_with_options(options)?.data),
    })
}

thread_local! {
    /// A thread can be the only one of one pool, and of none after it.
    static POOL: Result<ThreadPool, ThreadPoolBuildError> =
        ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
}

/// The decoder spreads its work over a pool of threads; there is one original per process and as many processes as cores.
fn on_this_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T> {
    POOL.with(|pool| match pool {
        Ok(pool) => Ok(pool.install(work)),
        Err(cause) => Err(Error::internal(format!("no place to decode in: {cause}"))),
    })
}

/// BT.601, as encoders mean where they do not say; limited range, as the bitstream means where it does not.
const UNSAID: ColorInfo = ColorInfo {
    color_primaries: 2,
    transfer_characteristics: 2,
    matrix_coefficients: 6,
    full_range: false,
};
const UNSPECIFIED: u16 = 2;

fn matrix_of(said: Option<ColorInfo>) -> ColorInfo {
    match said {
        Some(said) if said.matrix_coefficients == UNSPECIFIED => ColorInfo {
            matrix_coefficients: UNSAID.matrix_coefficients,
            ..said
        },
        Some(said) => said,
        None => UNSAID,
    }
}

fn profile_of(colour: ColorInfo) -> Result<Option<Vec<u8>>> {
    cicp::profile(colour.color_primaries, colour.transfer_characteristics, "HEIC")
}

fn refused(error: HeifError) -> Error {
    match error {
        HeifError::Truncated { .. } => Error::truncated(format!("it ends before its picture does ({error})")),
        HeifError::Unsupported(what) => Error::unsupported(format!(
            "a HEIC picture of a kind that the decoder lacks ({what})"
        )),
        HeifError::LimitExceeded(_) => Error::TooLarge {
            limit: "pixels",
            found: heic_decoder::MAX_IMAGE_PIXELS + 1,
            max: heic_decoder::MAX_IMAGE_PIXELS,
        },
        other => Error::corrupt(format!("it cannot be decoded ({other})")),
    }
}
