//! Each encoder told exactly what the plan says: the operation that writes a format, with its options.
use minilab_recipe::{AvifTune, Encoding, Subsampling, TiffCompression, WebpPreset};

use crate::vips::Call;

/// The call that writes a format, but for what it is to write.
pub(crate) fn call<'a>(encoding: &Encoding) -> Call<'a> {
    match *encoding {
        Encoding::Jpeg {
            quality,
            effort,
            progressive,
            subsampling,
        } => jpeg(quality, effort, progressive, subsampling),
        Encoding::Webp {
            quality,
            effort,
            lossless,
            tuning,
        } => Call::new(c"webpsave_buffer")
            .set(c"Q", i32::from(quality))
            .set(c"effort", i32::from(effort))
            .set(c"lossless", lossless)
            .set(c"near_lossless", tuning.near_lossless)
            .set(c"alpha_q", i32::from(tuning.alpha_quality))
            .set(c"smart_subsample", tuning.smart_subsample)
            .set(c"preset", preset(tuning.preset)),
        Encoding::Avif {
            quality,
            effort,
            lossless,
            subsampling,
            tuning,
        } => {
            let call = Call::new(c"heifsave_buffer")
                .set(c"compression", AV1)
                .set(c"Q", i32::from(quality))
                .set(c"effort", i32::from(effort))
                .set(c"lossless", lossless)
                .set(c"bitdepth", i32::from(tuning.bits))
                .set(c"subsample_mode", subsample_mode(subsampling));
            match tuning.tune {
                AvifTune::Auto => call,
                AvifTune::Psnr => call.set(c"tune", c"psnr"),
                AvifTune::Ssim => call.set(c"tune", c"ssim"),
                AvifTune::Iq => call.set(c"tune", c"iq"),
            }
        }
        Encoding::Png {
            compression,
            palette,
            tuning,
        } => {
            let call = Call::new(c"pngsave_buffer")
                .set(c"compression", i32::from(compression))
                .set(c"palette", palette);
            if palette {
                call.set(c"bitdepth", index_bits(tuning.colours))
                    .set(c"Q", i32::from(tuning.quality))
                    .set(c"dither", tuning.dither.share())
                    .set(c"effort", i32::from(tuning.effort))
            } else {
                call
            }
        }
        Encoding::Gif {
            effort,
            colours,
            dither,
        } => Call::new(c"gifsave_buffer")
            .set(c"effort", i32::from(effort))
            .set(c"bitdepth", index_bits(colours))
            .set(c"dither", dither.share()),
        Encoding::Tiff {
            compression,
            quality,
            predictor,
            tiled,
        } => Call::new(c"tiffsave_buffer")
            .set(c"compression", tiff_compression(compression))
            .set(c"Q", i32::from(quality))
            .set(c"predictor", if predictor { HORIZONTAL } else { NO_PREDICTOR })
            .set(c"tile", tiled)
            .set(c"tile_width", TILE_SIDE)
            .set(c"tile_height", TILE_SIDE),
    }
}

fn jpeg<'a>(quality: u8, effort: u8, progressive: bool, subsampling: Subsampling) -> Call<'a> {
    let table = if effort >= 1 {
        PERCEPTUAL_TABLE
    } else {
        STANDARD_TABLE
    };
    Call::new(c"jpegsave_buffer")
        .set(c"Q", i32::from(quality))
        .set(c"subsample_mode", subsample_mode(subsampling))
        .set(c"interlace", progressive)
        .set(c"optimize_coding", true)
        .set(c"trellis_quant", effort >= 1)
        .set(c"overshoot_deringing", effort >= 1)
        .set(c"optimize_scans", effort >= 2 && progressive)
        .set(c"quant_table", table)
}

/// mozjpeg's table tuned by N. Robidoux, its default.
const PERCEPTUAL_TABLE: i32 = 3;
/// The one in the JPEG standard.
const STANDARD_TABLE: i32 = 0;
const AV1: i32 = 4;
const NO_PREDICTOR: i32 = 1;
const HORIZONTAL: i32 = 2;
/// A multiple of 16, as the format asks; what viewers of large pictures expect.
const TILE_SIDE: i32 = 256;

fn subsample_mode(subsampling: Subsampling) -> i32 {
    match subsampling {
        Subsampling::Auto => 0,
        Subsampling::On => 1,
        Subsampling::Off => 2,
    }
}

fn preset(preset: WebpPreset) -> i32 {
    match preset {
        WebpPreset::Default => 0,
        WebpPreset::Picture => 1,
        WebpPreset::Photo => 2,
        WebpPreset::Drawing => 3,
        WebpPreset::Icon => 4,
        WebpPreset::Text => 5,
    }
}

/// Bits that count so many colours.
fn index_bits(colours: u16) -> i32 {
    colours.next_power_of_two().trailing_zeros() as i32
}

fn tiff_compression(compression: TiffCompression) -> i32 {
    match compression {
        TiffCompression::None => 0,
        TiffCompression::Jpeg => 1,
        TiffCompression::Deflate => 2,
        TiffCompression::Lzw => 5,
    }
}
