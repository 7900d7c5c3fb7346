//! From decoded samples to an image of libvips, with what the original carries.

use minilab_recipe::Format;

use crate::engine;
use crate::vips::{BandFormat, Call, Image, Interpretation};
use crate::{Error, Result};

/// Interleaved samples of a whole picture.
pub(super) struct Pixels {
    pub width: u32,
    pub height: u32,
    pub bands: u32,
    pub samples: Samples,
    /// Is colour multiplied with alpha?
    pub premultiplied: bool,
}

/// Samples by their width; those of 16 bits use all of them.
pub(super) enum Samples {
    Bytes(Vec<u8>),
    Words(Vec<u16>),
}

/// What an original carries besides its pixels.
#[derive(Default)]
pub(super) struct Carried<'a> {
    pub icc: Option<&'a [u8]>,
    /// From the TIFF header on.
    pub exif: Option<&'a [u8]>,
    pub xmp: Option<&'a [u8]>,
}

impl Pixels {
    /// Copies them into an image of libvips.
    pub fn into_image(self, carried: &Carried<'_>) -> Result<Image<'static>> {
        let (grey, rgb, format, bytes) = match self.samples {
            Samples::Bytes(bytes) => (
                Interpretation::GREY,
                Interpretation::SRGB,
                BandFormat::UCHAR,
                bytes,
            ),
            Samples::Words(words) => (
                Interpretation::GREY16,
                Interpretation::RGB16,
                BandFormat::USHORT,
                native_bytes(&words),
            ),
        };
        let meaning = if self.bands <= 2 { grey } else { rgb };
        let image = Image::from_samples(&bytes, self.width, self.height, self.bands, format)
            .map_err(Error::computing)?;
        drop(bytes);
        let mut image = Call::new(c"copy")
            .set(c"in", &image)
            .set(c"interpretation", meaning.0)
            .image()
            .map_err(Error::computing)?;
        if self.premultiplied && image.has_alpha() {
            image = plain(&image, format).map_err(Error::computing)?;
        }
        carried.put_on(&mut image)?;
        Ok(image)
    }
}

/// Takes alpha out of the colours again.
fn plain<'a>(image: &Image<'a>, format: BandFormat) -> Result<Image<'a>, crate::vips::Fault> {
    let plain = Call::new(c"unpremultiply").set(c"in", image).image()?;
    Call::new(c"cast")
        .set(c"in", &plain)
        .set(c"format", format.0)
        .image()
}

fn native_bytes(words: &[u16]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_ne_bytes()).collect()
}

impl Carried<'_> {
    fn put_on(&self, image: &mut Image<'static>) -> Result<()> {
        if let Some(icc) = self.icc {
            image.set_blob_field(c"icc-profile-data", icc);
        }
        if let Some(xmp) = self.xmp {
            image.set_blob_field(c"xmp-data", xmp);
        }
        if let Some(exif) = self.exif {
            for (name, text) in exif_fields(exif)? {
                image.set_text_field(&name, &text);
            }
        }
        Ok(())
    }
}

/// EXIF tags as libvips names and spells them. It reads them only from a file, so they are put into one: a WebP of one
/// pixel. Damaged EXIF has no tags.
fn exif_fields(exif: &[u8]) -> Result<Vec<(String, std::ffi::CString)>> {
    let file = webp_with(exif);
    let Ok(image) = engine::load(Format::Webp)?.source(&file).image() else {
        return Ok(Vec::new());
    };
    let names = image
        .fields()
        .into_iter()
        .filter(|name| name.starts_with("exif-ifd"));
    Ok(names
        .filter_map(|name| image.text_field(&name).map(|text| (name, text)))
        .collect())
}

/// One lossless pixel.
const PIXEL: &[u8] = b"VP8L\x0d\0\0\0\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07\0";
/// A canvas of one pixel with EXIF.
const CANVAS: &[u8] = b"VP8X\x0a\0\0\0\x08\0\0\0\0\0\0\0\0\0";

fn webp_with(exif: &[u8]) -> Vec<u8> {
    let mut chunks = [b"WEBP", CANVAS, PIXEL, b"EXIF"].concat();
    chunks.extend((exif.len() as u32).to_le_bytes());
    chunks.extend(exif);
    chunks.resize(chunks.len().next_multiple_of(2), 0);
    let mut file = b"RIFF".to_vec();
    file.extend((chunks.len() as u32).to_le_bytes());
    file.extend(chunks);
    file
}
