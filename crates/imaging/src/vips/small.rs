//! Small pictures, computed by the thread that asks for them.
//!
//! A pipeline of libvips hands each piece of work to threads of its own and waits for them, which for a small picture costs
//! more than its pixels. The operations are the same, and so are the pixels.
use std::ptr::{self, NonNull};

use libvips::bindings as ffi;

use super::{Fault, Image};

/// Up to so many pixels, what a picture is made from may be held at once, at each step of its making.
const SMALL_PIXELS_MAX: u64 = 1 << 16;

impl<'a> Image<'a> {
    /// Computes all pixels into memory. `origin` is what they are computed from, and no longer needed then.
    pub(crate) fn in_memory_from(&self, origin: &Image<'_>) -> Result<Image<'a>, Fault> {
        if self.is_small() && origin.is_small() {
            self.in_memory_here()
        } else {
            self.in_memory()
        }
    }

    /// Computes all pixels and copies them out.
    pub(crate) fn pixels_from(&self, origin: &Image<'_>) -> Result<Vec<u8>, Fault> {
        if self.is_small() && origin.is_small() {
            self.fetch()
        } else {
            self.pixels()
        }
    }

    fn is_small(&self) -> bool {
        u64::from(self.width()) * u64::from(self.height()) <= SMALL_PIXELS_MAX
    }

    fn in_memory_here(&self) -> Result<Image<'a>, Fault> {
        let mut pixels = self.fetch()?;
        let line_bytes = pixels.len() / self.height() as usize;
        // SAFETY: live images; header and fields are copied from the one to the other, so that its lines have `line_bytes`.
        unsafe {
            let image = NonNull::new(ffi::vips_image_new_memory()).ok_or_else(Fault::take)?;
            let copy = Image::from_owned(image);
            let mut inputs = [self.as_ptr(), ptr::null_mut()];
            let hint = ffi::VipsDemandStyle_VIPS_DEMAND_STYLE_ANY;
            if ffi::vips_image_pipeline_array(copy.as_ptr(), hint, inputs.as_mut_ptr()) != 0 {
                return Err(Fault::take());
            }
            for (y, line) in pixels.chunks_exact_mut(line_bytes).enumerate() {
                if ffi::vips_image_write_line(copy.as_ptr(), y as i32, line.as_mut_ptr()) != 0 {
                    return Err(Fault::take());
                }
            }
            Ok(copy)
        }
    }

    fn fetch(&self) -> Result<Vec<u8>, Fault> {
        let (width, height, mut len) = (self.width() as i32, self.height() as i32, 0);
        Fault::forget();
        // SAFETY: the region is used by this thread alone and given back once; libvips allocates `len` bytes, which are
        // copied and freed by its allocator.
        unsafe {
            let region = NonNull::new(ffi::vips_region_new(self.as_ptr())).ok_or_else(Fault::take)?;
            let bytes = ffi::vips_region_fetch(region.as_ptr(), 0, 0, width, height, &raw mut len);
            ffi::g_object_unref(region.as_ptr().cast());
            if bytes.is_null() {
                return Err(Fault::take());
            }
            let pixels = std::slice::from_raw_parts(bytes, len).to_vec();
            ffi::g_free(bytes.cast());
            Ok(pixels)
        }
    }
}

#[cfg(test)]
mod tests {
    use minilab_recipe::{Kernel, Size};

    use super::*;
    use crate::{Engine, Settings, steps};

    #[test]
    fn small_pictures_are_the_same_as_from_a_pipeline() {
        Engine::start(Settings::default()).unwrap();
        let samples: Vec<u8> = (0..64 * 52 * 4_u32).map(|i| (i * i % 251) as u8).collect();
        let origin = Image::from_pixels(&samples, 64, 52, 4).unwrap();
        let size = Size {
            width: 32,
            height: 26,
        };
        let small = steps::resize(&origin, size, Kernel::Lanczos3).unwrap();
        let (here, piped) = (small.in_memory_from(&origin).unwrap(), small.in_memory().unwrap());
        assert_eq!(here.pixels().unwrap(), piped.pixels().unwrap());
        assert_eq!(here.pixels_from(&origin).unwrap(), piped.pixels().unwrap());
        assert_eq!(here.fields(), piped.fields());
        assert_eq!(here.interpretation(), piped.interpretation());
    }
}
