//! What a plan is expected to cost: formulas from pixels, formats and efforts, for admission and scaling.
//!
//! Memory = idle work space + loaded picture (where it must be whole) + trunk + all nodes + the greediest encoder.
//! CPU = decoding + resampling + encoding, each per megapixel. Figures are one core of a current server with libvips
//! 8.18; those of encoders are from the curves of the recipe reference, others are rough and on the high side, within about
//! twofold (`make bench PARTS=predicted`).
use crate::{
    Decode, Effect, Encoding, Format, Node, PlannedFile, Predicted, Probe, Size, Source, Step,
    TiffCompression,
};

/// Buffers, tables, strips.
const WORK_BYTES: u64 = 24 << 20;

pub(super) fn predict(probe: &Probe, decode: &Decode, nodes: &[Node], files: &[PlannedFile]) -> Predicted {
    let samples = if probe.alpha { 4 } else { 3 };
    let wide = if probe.bits > 8 { 2 } else { 1 };
    let shrink = u64::from(decode.shrink.0);
    // A drawing is loaded at the size that is needed.
    let decoded = if probe.format.is_vector() {
        decode.size
    } else {
        probe.stored
    };
    let loaded = decoded.pixels() / (shrink * shrink);
    let whole = if probe.whole_image {
        loaded * samples * wide
    } else {
        0
    };
    // A progressive JPEG's coefficients: two bytes per sample of the full picture, whatever the reduction.
    let coefficients = match probe.format {
        Format::Jpeg if probe.whole_image => probe.stored.pixels() * samples * 2,
        _ => 0,
    };
    let decoder = probe.stored.pixels() * decoder_bytes(probe.format, samples, wide);
    let frames = frames_of(decode, nodes);
    let held = |(node, frames): (&Node, &u64)| node.size.pixels() * frames;
    let tree: u64 = nodes.iter().zip(&frames).map(held).sum::<u64>() * 4;
    let encoder = files
        .iter()
        .map(|file| file.size.pixels() * encoder_bytes(&file.encoding) + score_bytes(file))
        .max();
    let read_frames = u64::from(decode.frames);
    let trunk = decode.size.pixels() * read_frames * 4;
    let memory_bytes = WORK_BYTES + whole + coefficients + decoder + trunk + tree + encoder.unwrap_or(0);
    let encoding: f64 = files
        .iter()
        .map(|file| {
            let each = if file.frames > 1 { FRAME_ENCODE } else { 1.0 };
            megapixels(file.size) * f64::from(file.frames) * each * searched_ms(file)
        })
        .sum();
    let resampled = (loaded * read_frames + nodes.iter().zip(&frames).map(held).sum::<u64>()) as f64 / 1e6;
    let effects: f64 = nodes
        .iter()
        .zip(&frames)
        .flat_map(|(node, frames)| {
            node.steps
                .iter()
                .map(move |step| (step, node.size, *frames as f64))
        })
        .map(|(step, size, frames)| match step {
            // What is read is turned into light, and is at most the trunk.
            Step::Resize { linear: true, .. } => megapixels(decode.size) * LIGHT_MS * frames,
            Step::Effect(effect) => megapixels(size) * effect_ms(effect) * frames,
            Step::Composite(_) | Step::Mask(_) | Step::Text(_) => megapixels(size) * OVERLAY_MS * frames,
            _ => 0.0,
        })
        .sum();
    let read = u64::from(decode.page) + read_frames;
    let decoding = megapixels(decoded) * read as f64 * decode_ms(probe.format, shrink);
    Predicted {
        memory_bytes,
        cpu_ms: (5.0 + decoding + resampled * RESAMPLE_MS + effects + encoding).ceil() as u64,
    }
}

/// How many frames each node has.
fn frames_of(decode: &Decode, nodes: &[Node]) -> Vec<u64> {
    let mut frames: Vec<u64> = Vec::new();
    for node in nodes {
        let parent = match node.from {
            Source::Trunk | Source::Page(_) => decode.frames.into(),
            Source::Node(index) => frames.get(index).copied().unwrap_or(1),
        };
        let one = node.steps.iter().any(|step| matches!(step, Step::Frame(_)));
        frames.push(if one { 1 } else { parent });
    }
    frames
}

/// A frame of an animation against a still: it is compared with the one before.
const FRAME_ENCODE: f64 = 1.5;

/// Per megapixel read or written.
const RESAMPLE_MS: f64 = 6.0;

fn megapixels(size: Size) -> f64 {
    size.pixels() as f64 / 1e6
}

/// Per megapixel turned into light and resampled as floats.
const LIGHT_MS: f64 = 45.0;

/// Per megapixel: samples become floats and back.
const OVERLAY_MS: f64 = 40.0;

/// Per megapixel of the picture it is applied to.
fn effect_ms(effect: &Effect) -> f64 {
    match effect {
        Effect::Linear { .. } | Effect::Negate | Effect::Flatten(_) | Effect::Round { .. } => 8.0,
        Effect::Gamma(_) | Effect::Grayscale | Effect::Tint(_) | Effect::Duotone { .. } => 15.0,
        Effect::Recomb(_) | Effect::Pixelate { .. } => 20.0,
        Effect::Modulate(_) | Effect::Normalise { .. } => 75.0,
        Effect::Sharpen { .. } => 100.0,
        Effect::Blur { sigma, .. } => 20.0 + 8.0 * sigma,
        Effect::Convolve(kernel) => 10.0 + 2.0 * kernel.kernel.len() as f64,
    }
}

/// Work space of a decoder per pixel of the stored picture, where it is more than the picture itself. Measured: HEIC holds
/// its tiles and the picture put together from them (of ten bits in words), JPEG XL several planes of floats.
fn decoder_bytes(format: Format, samples: u64, wide: u64) -> u64 {
    match format {
        Format::Heic => 4 * samples * wide,
        Format::Jxl => 12 * samples,
        _ => 0,
    }
}

/// Per megapixel of the stored picture.
fn decode_ms(format: Format, shrink: u64) -> f64 {
    match (format, shrink) {
        (Format::Jpeg, 1) => 8.0,
        (Format::Jpeg, _) => 5.0,
        (Format::Webp, _) => 12.0,
        (Format::Png, _) => 20.0,
        (Format::Gif | Format::Tiff, _) => 15.0,
        (Format::Avif, _) => 40.0,
        (Format::Heic, _) => 55.0,
        (Format::Jxl, _) => 90.0,
        (Format::Svg, _) => 60.0,
    }
}

/// Per megapixel: the middle between a smooth photo and a busy one, which differ threefold to fivefold. Measured up to
/// effort 5 at four widths (`docs/adr/0005-avif-defaults.md`), above it at one.
fn encode_ms(encoding: &Encoding) -> f64 {
    const AVIF: [f64; 10] = [
        45.0, 120.0, 240.0, 380.0, 1800.0, 2600.0, 5000.0, 8000.0, 10_000.0, 22_000.0,
    ];
    // Frames of a photo; flat ones take half.
    const GIF: [f64; 11] = [
        360.0, 360.0, 390.0, 430.0, 470.0, 800.0, 1200.0, 1600.0, 2000.0, 2400.0, 2800.0,
    ];
    match *encoding {
        Encoding::Jpeg {
            effort, progressive, ..
        } => {
            let coded = if progressive { 18.0 } else { 10.0 };
            coded + 21.0 * f64::from(effort)
        }
        Encoding::Webp { effort, lossless, .. } => {
            let lossy = 30.0 + 12.0 * f64::from(effort);
            if lossless { lossy * 8.0 } else { lossy }
        }
        Encoding::Avif { effort, lossless, .. } => {
            let lossy = AVIF[usize::from(effort).min(AVIF.len() - 1)];
            if lossless { lossy * 2.0 } else { lossy }
        }
        Encoding::Png {
            compression, palette, ..
        } => {
            let deflate = 20.0 + 12.0 * f64::from(compression);
            if palette { deflate + 150.0 } else { deflate }
        }
        Encoding::Gif { effort, .. } => GIF[usize::from(effort).min(GIF.len() - 1)],
        Encoding::Tiff { compression, .. } => match compression {
            TiffCompression::None => 5.0,
            TiffCompression::Lzw => 25.0,
            TiffCompression::Deflate => 60.0,
            TiffCompression::Jpeg => 15.0,
        },
    }
}

/// Encoding once, or as often as a search takes, with decoding and scoring what comes out.
fn searched_ms(file: &PlannedFile) -> f64 {
    let once = encode_ms(&file.encoding);
    let scored = if file.aim.target.is_some() { SCORE_MS } else { 0.0 };
    f64::from(file.aim.encodes_max()) * (once + scored)
}

/// Per megapixel decoded and compared. A search seldom takes as many encodings as it may, so this is on the high side of all.
const SCORE_MS: f64 = 150.0;

/// Work space of a comparison, which looks at no more than a window of a large picture at a time.
fn score_bytes(file: &PlannedFile) -> u64 {
    const WINDOW_PIXELS: u64 = 1 << 20;
    const PER_PIXEL: u64 = 256;
    let looks = file.aim.target.is_some();
    if looks {
        file.size.pixels().min(WINDOW_PIXELS) * PER_PIXEL
    } else {
        0
    }
}

/// Work space of an encoder per pixel of its file.
fn encoder_bytes(encoding: &Encoding) -> u64 {
    match encoding {
        Encoding::Jpeg {
            progressive: true, ..
        } => 10,
        Encoding::Jpeg { .. } => 4,
        Encoding::Webp { lossless: false, .. } => 12,
        Encoding::Webp { .. } => 24,
        Encoding::Avif { .. } => 40,
        Encoding::Png { .. } | Encoding::Tiff { .. } => 8,
        Encoding::Gif { .. } => 16,
    }
}
