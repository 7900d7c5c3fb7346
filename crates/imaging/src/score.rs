//! How a file looks beside the picture that it was encoded from: decoded again, and compared by SSIMULACRA2.
use fast_ssim2::{PixelDescriptor, PixelSlice, Ssimulacra2Reference};
use minilab_recipe::{Format, OutputFormat};

use crate::vips::{Call, Fault, Image, Interpretation};
use crate::{Error, Result, engine};

/// A picture of more pixels is compared in windows of this many, spread over it: work and memory stay as for one.
const WHOLE_PIXELS_MAX: u64 = 1 << 20;
/// Side of such a window.
const WINDOW_SIDE: u32 = 512;
/// Windows in each direction.
const WINDOWS: u32 = 2;

/// What transparency is put on, the same for both pictures.
const GROUND: f64 = 128.0;

/// A picture that its files are compared with.
pub(crate) struct Reference {
    windows: Vec<(Window, Ssimulacra2Reference)>,
}

/// A part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Reference {
    /// Prepares the picture once for all comparisons.
    pub(crate) fn new(image: &Image<'_>) -> Result<Self> {
        let windows = windows(image.width(), image.height()).into_iter().map(|window| {
            let samples = samples(image, window).map_err(Error::computing)?;
            let reference = Ssimulacra2Reference::new(&slice(&samples, window)?).map_err(failed)?;
            Ok((window, reference))
        });
        Ok(Self {
            windows: windows.collect::<Result<_>>()?,
        })
    }

    /// The score of a file of it: 100 for the same picture. Of a large one, the mean over the windows.
    pub(crate) fn score(&self, file: &[u8], format: OutputFormat) -> Result<f64> {
        let (loader, _) =
            engine::loader(readable(format)).expect("what is encoded here is decoded by libvips");
        let image = Call::new(loader)
            .source(file)
            .image()
            .and_then(|image| image.in_memory())
            .map_err(Error::computing)?;
        let mut sum = 0.0;
        for (window, reference) in &self.windows {
            let samples = samples(&image, *window).map_err(Error::computing)?;
            sum += reference.compare(&slice(&samples, *window)?).map_err(failed)?;
        }
        Ok(sum / self.windows.len() as f64)
    }
}

/// All of a small picture; of a large one the middles of its quarters, so that no corner decides alone.
fn windows(width: u32, height: u32) -> Vec<Window> {
    if u64::from(width) * u64::from(height) <= WHOLE_PIXELS_MAX {
        return vec![Window {
            left: 0,
            top: 0,
            width,
            height,
        }];
    }
    let place = |length: u32, index: u32| {
        let side = WINDOW_SIDE.min(length);
        let middle = u64::from(length) * u64::from(2 * index + 1) / u64::from(2 * WINDOWS);
        let start = (middle as u32).saturating_sub(side / 2).min(length - side);
        (start, side)
    };
    let all = (0..WINDOWS).flat_map(|y| (0..WINDOWS).map(move |x| (x, y)));
    let mut windows: Vec<Window> = all
        .map(|(x, y)| {
            let ((left, width), (top, height)) = (place(width, x), place(height, y));
            Window {
                left,
                top,
                width,
                height,
            }
        })
        .collect();
    // A ribbon has one window for two.
    windows.dedup();
    windows
}

/// The window's samples, three bands. Files of one picture have its colour space, so that samples compare as they are.
fn samples(image: &Image<'_>, window: Window) -> std::result::Result<Vec<u8>, Fault> {
    let part = Call::new(c"extract_area")
        .set(c"input", image)
        .set(c"left", window.left as i32)
        .set(c"top", window.top as i32)
        .set(c"width", window.width as i32)
        .set(c"height", window.height as i32)
        .image()?;
    let opaque = if part.has_alpha() {
        Call::new(c"flatten")
            .set(c"in", &part)
            .set(c"background", &[GROUND; 3][..])
            .image()?
    } else {
        part
    };
    Call::new(c"colourspace")
        .set(c"in", &opaque)
        .set(c"space", Interpretation::SRGB.0)
        .image()?
        .pixels()
}

fn slice(samples: &[u8], window: Window) -> Result<PixelSlice<'_>> {
    let Window { width, height, .. } = window;
    PixelSlice::new(
        samples,
        width,
        height,
        width as usize * 3,
        PixelDescriptor::RGB8_SRGB,
    )
    .map_err(|cause| Error::internal(format!("samples do not fit their window: {cause:?}")))
}

fn failed(cause: fast_ssim2::Ssimulacra2Error) -> Error {
    Error::internal(format!("two pictures cannot be compared: {cause}"))
}

/// The decoder of what an encoder makes.
fn readable(format: OutputFormat) -> Format {
    match format {
        OutputFormat::Avif => Format::Avif,
        OutputFormat::Webp => Format::Webp,
        OutputFormat::Jpeg => Format::Jpeg,
        OutputFormat::Png => Format::Png,
        OutputFormat::Gif => Format::Gif,
        OutputFormat::Tiff => Format::Tiff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_lie_inside_and_cover_small_pictures() {
        assert_eq!(
            windows(1024, 1024),
            [Window {
                left: 0,
                top: 0,
                width: 1024,
                height: 1024
            }]
        );
        for (width, height) in [(1025, 1025), (6000, 4000), (20_000, 60), (60, 20_000)] {
            let windows = windows(width, height);
            for Window {
                left,
                top,
                width: w,
                height: h,
            } in &windows
            {
                assert!(left + w <= width && top + h <= height && *w > 0 && *h > 0);
            }
            assert!((2..=4).contains(&windows.len()), "{width}x{height}: {windows:?}");
        }
    }
}
