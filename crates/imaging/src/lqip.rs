//! A tiny picture to write into a page itself, as long as a data URI may be at most.
use minilab_recipe::{Encoding, Keep, Kernel, OutputFormat, Rgb, Size, Subsampling, TinyFormat, WebpTuning};

use crate::encode::{self, Profile};
use crate::vips::{Blob, Image};
use crate::{Error, Result, steps};

/// A picture of a few pixels.
#[derive(Debug)]
pub struct Tiny {
    /// Encoded.
    pub bytes: Blob,
    /// Of which format.
    pub format: OutputFormat,
}

/// Longer sides and qualities, the best first. The last of them fits every limit that a recipe can set.
const TRIES: [(u32, u8); 10] = [
    (40, 40),
    (32, 40),
    (32, 25),
    (24, 30),
    (20, 30),
    (16, 30),
    (16, 15),
    (12, 15),
    (8, 10),
    (2, 1),
];

/// What transparency is put on, for JPEG.
const WHITE: Rgb = Rgb([255; 3]);

/// The largest that is no longer than `bytes` as a data URI.
pub(crate) fn tiny(image: &Image<'_>, format: TinyFormat, bytes: u32) -> Result<Option<Tiny>> {
    for (side, quality) in TRIES {
        let size = fitted(image, side);
        let small = steps::resize(image, size, Kernel::Lanczos3).map_err(Error::computing)?;
        let small = if format == TinyFormat::Jpeg && small.has_alpha() {
            steps::flatten(&small, WHITE).map_err(Error::computing)?
        } else {
            small
        };
        let encoding = encoding(format, quality);
        let encoded = encode::write(&small, &encoding, Keep::default(), Profile::Absent)?;
        if uri_bytes(format, encoded.len()) <= bytes as usize {
            let format = encoding.format();
            return Ok(Some(Tiny {
                bytes: encoded,
                format,
            }));
        }
    }
    Ok(None)
}

/// Length as `data:image/webp;base64,...`.
fn uri_bytes(format: TinyFormat, length: usize) -> usize {
    let media_type = match format {
        TinyFormat::Webp => "image/webp",
        TinyFormat::Jpeg => "image/jpeg",
    };
    "data:;base64,".len() + media_type.len() + length.div_ceil(3) * 4
}

fn encoding(format: TinyFormat, quality: u8) -> Encoding {
    match format {
        TinyFormat::Webp => Encoding::Webp {
            quality,
            effort: 6,
            lossless: false,
            tuning: WebpTuning::default(),
        },
        TinyFormat::Jpeg => Encoding::Jpeg {
            quality,
            effort: 2,
            progressive: false,
            subsampling: Subsampling::On,
        },
    }
}

fn fitted(image: &Image<'_>, side: u32) -> Size {
    let longer = image.width().max(image.height());
    let side = side.min(longer);
    let fit = |length: u32| ((f64::from(length) * f64::from(side) / f64::from(longer)).round() as u32).max(1);
    Size {
        width: fit(image.width()),
        height: fit(image.height()),
    }
}
