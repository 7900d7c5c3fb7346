//! JPEG XL by `jxl-oxide`: upright, in the colours that the file names, or those that the decoder gives with their profile.
//!
//! The header is read first and held against the limits, then the frames one after the other; pixels only by `load`.
use jxl_oxide::image::BitDepth;
use jxl_oxide::{AllocTracker, ExtraChannelType, InitializeResult, JxlImage, JxlThreadPool, PixelFormat};
use minilab_recipe::{Format, Pixels as Meaning, Probe, Size};

use super::pixels::{Carried, Pixels, Samples};
use crate::container::{JxlParts, jxl_parts};
use crate::vips::Image;
use crate::{Error, Limits, Result, limits};

/// Of the decoder's own planes: below the renderer's address space, above what 50 Mpx of eight bits take.
const WORK_BYTES_MAX: usize = 1 << 30;
/// Frames are counted after each such piece.
const PIECE_BYTES: usize = 64 << 10;

/// sRGB as its numbers say it: needs no profile.
const SRGB: [u8; 4] = [1, 13, 0, 1];

pub(super) fn probe(bytes: &[u8], limits: &Limits) -> Result<Probe> {
    let parts = jxl_parts(bytes, limits)?;
    let image = read(&parts, limits)?;
    let format = image.pixel_format();
    let probe = Probe {
        format: Format::Jxl,
        stored: Size {
            width: image.width(),
            height: image.height(),
        },
        orientation: 1,
        pages: image.num_loaded_keyframes().max(1) as u32,
        alpha: format.has_alpha(),
        bits: if is_wide(&image) { 16 } else { 8 },
        pixels: if format.is_grayscale() {
            Meaning::Grey
        } else {
            Meaning::Rgb
        },
        icc: image.rendered_cicp() != Some(SRGB),
        whole_image: true,
        further: std::collections::BTreeMap::new(),
    };
    limits.check(&probe, format.channels() as u32)?;
    Ok(probe)
}

pub(super) fn load(bytes: &[u8], probe: &Probe, frame: u32) -> Result<Image<'static>> {
    // The worker's limits were held by the probe of the same bytes.
    let limits = Limits {
        frames_max: probe.pages,
        pixels_whole_image_max: u64::MAX,
        side_px_max: u32::MAX,
        ..Limits::default()
    };
    let parts = jxl_parts(bytes, &limits)?;
    let image = read(&parts, &limits)?;
    let render = image
        .render_frame(frame as usize)
        .map_err(|cause| refused(&*cause))?;
    let mut stream = render.stream();
    let (width, height, bands) = (stream.width(), stream.height(), stream.channels());
    let samples = width as usize * height as usize * bands as usize;
    let icc = probe.icc.then(|| image.rendered_icc());
    let carried = Carried {
        icc: icc.as_deref(),
        exif: parts.exif,
        xmp: parts.xmp,
    };
    let premultiplied = is_premultiplied(&image);
    let samples = if probe.bits > 8 {
        let mut words = vec![0; samples];
        stream.write_to_buffer::<u16>(&mut words);
        Samples::Words(words)
    } else {
        let mut bytes = vec![0; samples];
        stream.write_to_buffer::<u8>(&mut bytes);
        Samples::Bytes(bytes)
    };
    drop(stream);
    // The decoder's planes go before the picture is copied once more.
    drop((render, image));
    let pixels = Pixels {
        width,
        height,
        bands,
        samples,
        premultiplied,
    };
    pixels.into_image(&carried)
}

/// Reads headers: of the image, held against the limits, then of all frames.
fn read(parts: &JxlParts<'_>, limits: &Limits) -> Result<JxlImage> {
    let mut pieces = parts.codestream.chunks(PIECE_BYTES);
    let mut waiting = JxlImage::builder()
        .pool(JxlThreadPool::none())
        // Files of sixteen bits that say fifteen are enough lose their light half otherwise.
        .force_wide_buffers(true)
        .alloc_tracker(AllocTracker::with_limit(WORK_BYTES_MAX))
        .build_uninit();
    let mut image = loop {
        let piece = pieces
            .next()
            .ok_or_else(|| Error::truncated("it ends within its header"))?;
        waiting.feed_bytes(piece).map_err(|cause| refused(&*cause))?;
        match waiting.try_init().map_err(|cause| refused(&*cause))? {
            InitializeResult::NeedMoreData(more) => waiting = more,
            InitializeResult::Initialized(image) => break image,
        }
    };
    check_header(&image, limits)?;
    check_frames(&image, limits)?;
    for piece in pieces {
        image.feed_bytes(piece).map_err(|cause| refused(&*cause))?;
        check_frames(&image, limits)?;
    }
    image.finalize().map_err(|cause| refused(&*cause))?;
    if !image.is_loading_done() {
        return Err(Error::truncated("it ends before its last frame does"));
    }
    Ok(image)
}

fn check_header(image: &JxlImage, limits: &Limits) -> Result<()> {
    limits.check_size(image.width().into(), image.height().into(), true)?;
    let channels = image.image_header().metadata.ec_info.len() as u64 + 3;
    limits::within("samples per pixel", channels, limits.bands_max.into())?;
    if let Some(range) = image.hdr_type() {
        return Err(Error::unsupported(format!(
            "a JPEG XL picture of high dynamic range ({range:?})"
        )));
    }
    if matches!(image.pixel_format(), PixelFormat::Cmyk | PixelFormat::Cmyka) {
        return Err(Error::unsupported("a JPEG XL picture in inks (CMYK)"));
    }
    Ok(())
}

fn check_frames(image: &JxlImage, limits: &Limits) -> Result<()> {
    limits::within(
        "frames",
        image.num_loaded_frames() as u64,
        limits.frames_max.into(),
    )
}

fn is_wide(image: &JxlImage) -> bool {
    match image.image_header().metadata.bit_depth {
        BitDepth::IntegerSample { bits_per_sample } => bits_per_sample > 8,
        BitDepth::FloatSample { .. } => true,
    }
}

fn is_premultiplied(image: &JxlImage) -> bool {
    let channels = &image.image_header().metadata.ec_info;
    channels.iter().any(|channel| {
        matches!(
            channel.ty,
            ExtraChannelType::Alpha {
                alpha_associated: true
            }
        )
    })
}

fn refused(cause: &(dyn std::error::Error + 'static)) -> Error {
    let text = cause.to_string();
    if text.contains("failed to allocate") {
        return Error::TooLarge {
            limit: "bytes of work space in its decoder",
            found: WORK_BYTES_MAX as u64 + 1,
            max: WORK_BYTES_MAX as u64,
        };
    }
    if text.contains("unsupported") {
        return Error::unsupported(format!(
            "a JPEG XL picture of a kind that the decoder lacks ({text})"
        ));
    }
    if text.contains("unexpected end of file") || text.contains("not fully loaded") {
        return Error::truncated(format!("it ends before its picture does ({text})"));
    }
    Error::corrupt(format!("it cannot be decoded ({text})"))
}
