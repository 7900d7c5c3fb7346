//! Numbers among an image's metadata: what it says of animations.
use std::ffi::CStr;
use std::ptr;

use libvips::bindings as ffi;

use super::Image;

impl Image<'_> {
    /// A field of one number.
    pub(crate) fn number_field(&self, name: &CStr) -> Option<i32> {
        let mut number = 0;
        // SAFETY: asked for only if present; the number is copied out.
        unsafe {
            (ffi::vips_image_get_typeof(self.as_ptr(), name.as_ptr()) != 0
                && ffi::vips_image_get_int(self.as_ptr(), name.as_ptr(), &raw mut number) == 0)
                .then_some(number)
        }
    }

    /// A field of several numbers.
    pub(crate) fn numbers_field(&self, name: &CStr) -> Option<Vec<i32>> {
        let (mut numbers, mut len) = (ptr::null_mut(), 0);
        // SAFETY: as in `number_field`; the numbers belong to the image and are copied.
        unsafe {
            if ffi::vips_image_get_typeof(self.as_ptr(), name.as_ptr()) != ffi::vips_array_int_get_type()
                || ffi::vips_image_get_array_int(self.as_ptr(), name.as_ptr(), &raw mut numbers, &raw mut len)
                    != 0
                || numbers.is_null()
            {
                return None;
            }
            Some(std::slice::from_raw_parts(numbers, usize::try_from(len).unwrap_or(0)).to_vec())
        }
    }

    /// Sets a field of one number. Only on an image that nothing else refers to (see `Call` "copy").
    pub(crate) fn set_number_field(&mut self, name: &CStr, number: i32) {
        // SAFETY: a live image that `self` owns.
        unsafe { ffi::vips_image_set_int(self.as_ptr(), name.as_ptr(), number) };
    }

    /// Sets a field of several numbers.
    pub(crate) fn set_numbers_field(&mut self, name: &CStr, numbers: &[i32]) {
        // SAFETY: as in `set_number_field`; libvips copies the numbers.
        unsafe {
            ffi::vips_image_set_array_int(
                self.as_ptr(),
                name.as_ptr(),
                numbers.as_ptr(),
                numbers.len() as i32,
            );
        }
    }

    /// Where in its origin a part was taken from; (0, 0) for what is no part.
    pub(crate) fn origin(&self) -> (u32, u32) {
        // SAFETY: reads the header of a live image.
        let (x, y) = unsafe {
            (
                ffi::vips_image_get_xoffset(self.as_ptr()),
                ffi::vips_image_get_yoffset(self.as_ptr()),
            )
        };
        (x.min(0).unsigned_abs(), y.min(0).unsigned_abs())
    }
}
