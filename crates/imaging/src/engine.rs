//! libvips started once per process: the version that was asked for, only the named loaders, every codec warm.
use std::ffi::CStr;

use minilab_recipe::{
    AvifTuning, Encoding, Format, Hundredths, Keep, PngTuning, Subsampling, TiffCompression, WebpTuning,
};
use sha2::{Digest, Sha256};

use crate::encode::{self, Profile};
use crate::vips::{self, Call, Image};
use crate::{Error, Result, decoders};

/// The libvips that a pinned build must turn out to be.
const PINNED: (i32, i32) = (8, 18);
/// The oldest libvips that an explicitly chosen one may be.
const OLDEST: (i32, i32) = (8, 17);
/// What tells the linked build from others; set by the build script.
const BUILD: &str = env!("MINILAB_VIPS_BUILD");

/// How the engine runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Threads that libvips uses for one image. One per renderer process scales best.
    pub concurrency: u16,
    /// Formats that may be decoded.
    pub formats: Vec<Format>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 1,
            formats: Format::ALL.to_vec(),
        }
    }
}

/// Proof that libvips runs as it must. Everything starts here.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
}

impl Engine {
    /// Starts libvips and encodes and decodes a tiny picture in each format, so that nothing is loaded later, when a
    /// sandbox may forbid it.
    pub fn start(settings: Settings) -> Result<Self> {
        vips::start(vips::Start {
            concurrency: settings.concurrency,
        })
        .map_err(|fault| Error::Start { detail: fault.0 })?;
        check_version(vips::version())?;
        vips::block_operation(c"VipsForeignLoad", true);
        for (_, class) in settings.formats.iter().filter_map(|format| loader(*format)) {
            vips::block_operation(class, false);
        }
        let engine = Self { settings };
        engine.warm().map_err(|cause| Error::Start {
            detail: format!("a codec failed on a test picture: {cause}"),
        })?;
        Ok(engine)
    }

    /// Version of libvips that was loaded.
    pub fn version(&self) -> String {
        vips::version_text()
    }

    /// Identifies this engine among all builds that could render: crate, libvips, its codecs.
    pub fn build_id(&self) -> String {
        let mut hash = Sha256::new();
        for part in [env!("CARGO_PKG_VERSION"), BUILD, &vips::version_text()] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        let digest = hash.finalize();
        let (head, _) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
        format!("{:016x}", u64::from_be_bytes(*head))
    }

    /// May originals of this format be decoded?
    pub(crate) fn decodes(&self, format: Format) -> bool {
        self.settings.formats.contains(&format)
    }

    fn warm(&self) -> Result<()> {
        let pixels: Vec<u8> = (0..16 * 16 * 3).map(|sample| (sample * 7 % 251) as u8).collect();
        let image = Image::from_pixels(&pixels, 16, 16, 3).map_err(Error::computing)?;
        let image = Call::new(c"copy")
            .set(c"in", &image)
            .set(c"interpretation", vips::Interpretation::SRGB.0)
            .image()
            .map_err(Error::computing)?;
        for (format, encoding) in warm_encodings() {
            let encoded = encode::write(&image, &encoding, Keep::default(), Profile::Absent)?;
            if self.decodes(format) {
                warm_decode(format, &encoded)?;
            }
        }
        if self.decodes(Format::Svg) {
            decoders::warm_svg()?;
        }
        // Colour management reads its built-in profiles on first use.
        for profile in [c"srgb", c"p3"] {
            let call = Call::new(c"icc_transform")
                .set(c"in", &image)
                .set(c"output_profile", profile);
            let call = call.set(c"input_profile", c"srgb").set(c"embedded", true);
            call.image()
                .and_then(|image| image.pixels())
                .map_err(Error::computing)?;
        }
        Ok(())
    }
}

fn warm_decode(format: Format, bytes: &[u8]) -> Result<()> {
    let image = load(format)?.source(bytes).image().map_err(Error::decoding)?;
    image.pixels().map_err(Error::decoding).map(drop)
}

fn warm_encodings() -> [(Format, Encoding); 6] {
    let subsampling = Subsampling::Auto;
    [
        (
            Format::Jpeg,
            Encoding::Jpeg {
                quality: 80,
                effort: 2,
                progressive: true,
                subsampling,
            },
        ),
        (
            Format::Webp,
            Encoding::Webp {
                quality: 80,
                effort: 4,
                lossless: false,
                tuning: WebpTuning::default(),
            },
        ),
        (
            Format::Avif,
            Encoding::Avif {
                quality: 50,
                effort: 0,
                lossless: false,
                subsampling,
                tuning: AvifTuning::default(),
            },
        ),
        (
            Format::Png,
            Encoding::Png {
                compression: 6,
                palette: false,
                tuning: PngTuning::default(),
            },
        ),
        (
            Format::Gif,
            Encoding::Gif {
                effort: 1,
                colours: 256,
                dither: Hundredths::ONE,
            },
        ),
        (
            Format::Tiff,
            Encoding::Tiff {
                compression: TiffCompression::Deflate,
                quality: 90,
                predictor: true,
                tiled: false,
            },
        ),
    ]
}

fn check_version(loaded: (i32, i32)) -> Result<()> {
    let pinned = !BUILD.starts_with("system") && BUILD != "external";
    if (pinned && loaded == PINNED) || (!pinned && loaded >= OLDEST) {
        return Ok(());
    }
    let (major, minor) = loaded;
    let (want, how) = if pinned {
        (PINNED, "exactly")
    } else {
        (OLDEST, "at least")
    };
    Err(Error::Start {
        detail: format!(
            "version {major}.{minor} was loaded where {how} {}.{} is needed; check the library path",
            want.0, want.1
        ),
    })
}

/// The operation of libvips that decodes a format from a source, and its class, by which it is allowed. None for what is
/// decoded here.
pub(crate) fn loader(format: Format) -> Option<(&'static CStr, &'static CStr)> {
    Some(match format {
        Format::Jpeg => (c"jpegload_source", c"VipsForeignLoadJpegSource"),
        Format::Png => (c"pngload_source", c"VipsForeignLoadPngSource"),
        Format::Webp => (c"webpload_source", c"VipsForeignLoadWebpSource"),
        Format::Avif => (c"heifload_source", c"VipsForeignLoadHeifSource"),
        Format::Gif => (c"gifload_source", c"VipsForeignLoadNsgifSource"),
        Format::Tiff => (c"tiffload_source", c"VipsForeignLoadTiffSource"),
        Format::Svg => (c"svgload_source", c"VipsForeignLoadSvgSource"),
        Format::Heic | Format::Jxl => return None,
    })
}

/// A call that decodes a format by libvips.
pub(crate) fn load<'a>(format: Format) -> Result<Call<'a>> {
    let (operation, _) =
        loader(format).ok_or_else(|| Error::internal(format!("libvips is not to decode {format}")))?;
    Ok(Call::new(operation))
}
