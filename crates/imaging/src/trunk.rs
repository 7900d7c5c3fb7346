//! The trunk: the original decoded once, at the size the plan needs, upright, in the output's colours, in memory.
use minilab_recipe::{ColourSpace, Decode, Format, Probe, Size, Turn};

use crate::carried::Carried;
use crate::picture::{Picture, Times};
use crate::vips::{Call, Fault, Image, Interpretation};
use crate::{Error, Result, decoders, engine, steps};

/// Decodes an original as planned, with what metadata a file may want to keep.
pub(crate) fn grow<'a>(bytes: &'a [u8], probe: &Probe, decode: &Decode) -> Result<(Picture<'a>, Carried)> {
    let loaded = match decoders::load(bytes, probe, decode) {
        Some(decoded) => decoded?,
        None => load(bytes, probe, decode)?,
    };
    let mut carried = Carried::take(&loaded);
    let profile = carried.icc.take();
    if decode.frames == 1 {
        let (trunk, profile) = settle(&loaded, profile, probe, decode)?;
        carried.icc = profile;
        return Ok((trunk.into(), carried));
    }
    let times = times(&loaded, decode.frames);
    let height = probe.stored.height;
    if u64::from(loaded.height()) != u64::from(height) * u64::from(decode.frames) {
        return Err(Error::corrupt("it has fewer frames than its header says"));
    }
    // In order and one by one: the decoder never goes back, and never holds more than one.
    let mut frames = Vec::new();
    for number in 0..decode.frames {
        let frame = Call::new(c"extract_area")
            .set(c"input", &loaded)
            .set(c"left", 0)
            .set(c"top", (number * height) as i32)
            .set(c"width", loaded.width() as i32)
            .set(c"height", height as i32)
            .image()
            .map_err(Error::decoding)?;
        let (frame, described_by) = settle(&frame, profile.clone(), probe, decode)?;
        carried.icc = described_by;
        frames.push(frame);
    }
    Ok((Picture::animated(frames, times), carried))
}

/// How long each frame is shown, and how often all are.
fn times(loaded: &Image<'_>, frames: u32) -> Times {
    let delays = loaded.numbers_field(c"delay").unwrap_or_default();
    let delay = |frame: u32| {
        delays
            .get(frame as usize)
            .copied()
            .unwrap_or(USUAL_DELAY_MS)
            .max(0)
    };
    Times {
        delays_ms: (0..frames).map(delay).collect(),
        loops: loaded.number_field(c"loop").unwrap_or(0).max(0),
    }
}

/// What browsers take where nothing is said.
const USUAL_DELAY_MS: i32 = 100;

/// One frame at its size, upright, in its colours, in memory, without metadata; and the profile that describes it.
fn settle<'a>(
    loaded: &Image<'a>,
    profile: Option<Vec<u8>>,
    probe: &Probe,
    decode: &Decode,
) -> Result<(Image<'a>, Option<Vec<u8>>)> {
    let stored = if probe.orientation >= 5 {
        transposed(decode.size)
    } else {
        decode.size
    };
    let sized = steps::resize(loaded, stored, decode.kernel).map_err(Error::decoding)?;
    let upright = stand_up(sized, probe.orientation).map_err(Error::decoding)?;
    let (coloured, profile) = colour(&upright, profile, decode.colour).map_err(Error::decoding)?;
    let mut trunk = coloured.in_memory_from(loaded).map_err(Error::decoding)?;
    for field in trunk.fields() {
        trunk.remove_field(&field);
    }
    if (trunk.width(), trunk.height()) != (decode.size.width, decode.size.height) {
        let (width, height) = (trunk.width(), trunk.height());
        return Err(Error::internal(format!(
            "the trunk came out as {width} x {height} where the plan says {} x {}",
            decode.size.width, decode.size.height
        )));
    }
    Ok((trunk, profile))
}

/// A decoder's tolerance: broken data is an error, not a grey area in the picture.
const FAIL_ON_ERROR: i32 = 2;
const SEQUENTIAL: i32 = 1;

fn load<'a>(bytes: &'a [u8], probe: &Probe, decode: &Decode) -> Result<Image<'a>> {
    let shrink = i32::from(decode.shrink.0.max(1));
    let (page, frames) = (decode.page as i32, decode.frames as i32);
    let call = engine::load(probe.format)?
        .source(bytes)
        .set(c"access", SEQUENTIAL)
        // What is decoded whole and large would go to a file otherwise, which nothing here may open.
        .set(c"memory", true)
        .set(c"fail_on", FAIL_ON_ERROR);
    match probe.format {
        Format::Jpeg => call.set(c"shrink", shrink),
        Format::Webp => call
            .set(c"page", page)
            .set(c"n", frames)
            .set(c"scale", 1.0 / f64::from(shrink)),
        Format::Gif => call.set(c"page", page).set(c"n", frames),
        Format::Tiff | Format::Avif => call.set(c"page", page).set(c"unlimited", false),
        Format::Png => call.set(c"unlimited", false),
        Format::Heic | Format::Jxl | Format::Svg => call,
    }
    .image()
    .map_err(Error::decoding)
}

fn transposed(size: Size) -> Size {
    Size {
        width: size.height,
        height: size.width,
    }
}

/// Applies an EXIF orientation. Rows are needed in another order, so the small picture is computed first.
fn stand_up(image: Image<'_>, orientation: u8) -> Result<Image<'_>, Fault> {
    if orientation <= 1 {
        return Ok(image);
    }
    let lying = image.in_memory()?;
    drop(image);
    let lying = &lying;
    match orientation {
        2 => steps::mirror(lying, steps::HORIZONTAL),
        3 => steps::turn(lying, Turn::Half),
        4 => steps::mirror(lying, steps::VERTICAL),
        5 => steps::mirror(&steps::turn(lying, Turn::Quarter)?, steps::HORIZONTAL),
        6 => steps::turn(lying, Turn::Quarter),
        7 => steps::mirror(&steps::turn(lying, Turn::ThreeQuarters)?, steps::HORIZONTAL),
        _ => steps::turn(lying, Turn::ThreeQuarters),
    }
}

/// Converts to 8-bit samples of the planned colour space. Returns the profile that describes them, where it is not sRGB.
fn colour<'a>(
    image: &Image<'a>,
    profile: Option<Vec<u8>>,
    wanted: ColourSpace,
) -> Result<(Image<'a>, Option<Vec<u8>>), Fault> {
    let image = known_meaning(image)?;
    let profile = profile.filter(|profile| describes(profile, &image));
    let is_rgb = matches!(
        image.interpretation(),
        Interpretation::RGB | Interpretation::SRGB | Interpretation::RGB16
    );
    let converted = match (wanted, &profile) {
        // Inks and greys have no profile that an RGB file could carry.
        (ColourSpace::Original, Some(_)) if is_rgb => to_srgb_samples(&image)?,
        (ColourSpace::P3, _) => transform(&image, c"p3", profile.is_some())?,
        (_, Some(_)) => transform(&image, c"srgb", true)?,
        (_, None) if image.interpretation() == Interpretation::CMYK => transform(&image, c"srgb", false)?,
        (_, None) => to_srgb_samples(&image)?,
    };
    let described_by = match wanted {
        ColourSpace::Original if is_rgb => profile,
        ColourSpace::P3 => converted.blob_field(c"icc-profile-data"),
        ColourSpace::Original | ColourSpace::Srgb => None,
    };
    Ok((at_most_four_bands(&to_srgb_samples(&converted)?)?, described_by))
}

/// Samples without a meaning are grey or RGB.
fn known_meaning<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    if image.interpretation() != Interpretation::MULTIBAND {
        return Ok(image.clone());
    }
    let wide = image.band_format().bits() == 16;
    let meaning = match (image.bands(), wide) {
        (1 | 2, false) => Interpretation::GREY,
        (1 | 2, true) => Interpretation::GREY16,
        (_, false) => Interpretation::SRGB,
        (_, true) => Interpretation::RGB16,
    };
    Call::new(c"copy")
        .set(c"in", image)
        .set(c"interpretation", meaning.0)
        .image()
}

/// Does the profile speak of such samples? One that does not is ignored, as browsers do.
fn describes(profile: &[u8], image: &Image<'_>) -> bool {
    let space = profile.get(16..20);
    match image.interpretation() {
        Interpretation::CMYK => space == Some(b"CMYK"),
        Interpretation::GREY | Interpretation::GREY16 => space == Some(b"GRAY"),
        Interpretation::RGB | Interpretation::SRGB | Interpretation::RGB16 => space == Some(b"RGB "),
        _ => false,
    }
}

const RELATIVE: i32 = 1;

fn transform<'a>(image: &Image<'a>, to: &std::ffi::CStr, embedded: bool) -> Result<Image<'a>, Fault> {
    let (image, fallback) = match image.interpretation() {
        Interpretation::CMYK => (image.clone(), c"cmyk"),
        _ if embedded => (image.clone(), c"srgb"),
        _ => (to_srgb_samples(image)?, c"srgb"),
    };
    Call::new(c"icc_transform")
        .set(c"in", &image)
        .set(c"output_profile", to)
        .set(c"input_profile", fallback)
        .set(c"embedded", embedded)
        .set(c"intent", RELATIVE)
        .set(c"black_point_compensation", true)
        .set(c"depth", 8)
        .image()
}

/// Three 8-bit bands and alpha, by libvips' own conversions.
fn to_srgb_samples<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    Call::new(c"colourspace")
        .set(c"in", image)
        .set(c"space", Interpretation::SRGB.0)
        .image()
}

fn at_most_four_bands<'a>(image: &Image<'a>) -> Result<Image<'a>, Fault> {
    if image.bands() <= 4 {
        return Ok(image.clone());
    }
    Call::new(c"extract_band")
        .set(c"in", image)
        .set(c"band", 0)
        .set(c"n", 4)
        .image()
}
