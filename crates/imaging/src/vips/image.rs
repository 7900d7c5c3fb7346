//! An owned reference to a libvips image: its header, its metadata, its pixels in memory.
use std::ffi::{CStr, CString, c_char};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};

use libvips::bindings as ffi;

use super::Fault;
use super::call::c_name;

/// Number formats of samples, as libvips counts them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BandFormat(pub(crate) i32);

impl BandFormat {
    pub(crate) const UCHAR: Self = Self(0);
    pub(crate) const USHORT: Self = Self(2);

    /// Bits per sample.
    pub(crate) fn bits(self) -> u8 {
        match self.0 {
            0 | 1 => 8,
            2 | 3 => 16,
            4..=6 => 32,
            _ => 64,
        }
    }
}

/// What samples mean, as libvips counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Interpretation(pub(crate) i32);

impl Interpretation {
    pub(crate) const MULTIBAND: Self = Self(0);
    pub(crate) const GREY: Self = Self(1);
    pub(crate) const LAB: Self = Self(13);
    pub(crate) const CMYK: Self = Self(15);
    pub(crate) const RGB: Self = Self(17);
    pub(crate) const LCH: Self = Self(19);
    pub(crate) const SRGB: Self = Self(22);
    pub(crate) const RGB16: Self = Self(25);
    pub(crate) const SCRGB: Self = Self(28);
    pub(crate) const GREY16: Self = Self(26);
}

/// A picture, or the promise of one: libvips computes pixels when they are asked for.
pub(crate) struct Image<'a> {
    image: NonNull<ffi::VipsImage>,
    borrows: PhantomData<&'a [u8]>,
}

impl<'a> Image<'a> {
    /// Takes over one reference.
    ///
    /// # Safety
    /// `image` is alive, the caller gives up a reference that it owns, and whatever it reads from lives for `'a`.
    pub(super) unsafe fn from_owned(image: NonNull<ffi::VipsImage>) -> Self {
        Self {
            image,
            borrows: PhantomData,
        }
    }

    pub(super) fn as_ptr(&self) -> *mut ffi::VipsImage {
        self.image.as_ptr()
    }

    /// An image of interleaved 8-bit samples, copied.
    pub(crate) fn from_pixels(
        pixels: &[u8],
        width: u32,
        height: u32,
        bands: u32,
    ) -> Result<Image<'static>, Fault> {
        Self::from_samples(pixels, width, height, bands, BandFormat::UCHAR)
    }

    /// An image of interleaved samples in the machine's byte order, copied.
    pub(crate) fn from_samples(
        samples: &[u8],
        width: u32,
        height: u32,
        bands: u32,
        format: BandFormat,
    ) -> Result<Image<'static>, Fault> {
        assert_eq!(
            samples.len() as u64,
            u64::from(width) * u64::from(height) * u64::from(bands) * u64::from(format.bits() / 8)
        );
        // SAFETY: the length was checked against the geometry, and libvips copies.
        unsafe {
            let image = ffi::vips_image_new_from_memory_copy(
                samples.as_ptr().cast(),
                samples.len() as _,
                width as i32,
                height as i32,
                bands as i32,
                format.0,
            );
            NonNull::new(image)
                .map(|image| Image::from_owned(image))
                .ok_or_else(Fault::take)
        }
    }

    /// Weights, row by row, with what their sum is divided by and what is added then.
    pub(crate) fn matrix(
        weights: &[f64],
        width: u32,
        scale: f64,
        offset: f64,
    ) -> Result<Image<'static>, Fault> {
        let height = weights.len() as u32 / width;
        assert_eq!(weights.len() as u32, width * height);
        // SAFETY: the length was checked against the geometry, and libvips copies; fields are set on an image of our own.
        unsafe {
            let image = ffi::vips_image_new_matrix_from_array(
                width as i32,
                height as i32,
                weights.as_ptr(),
                weights.len() as i32,
            );
            let image = NonNull::new(image).ok_or_else(Fault::take)?;
            ffi::vips_image_set_double(image.as_ptr(), c"scale".as_ptr(), scale);
            ffi::vips_image_set_double(image.as_ptr(), c"offset".as_ptr(), offset);
            Ok(Image::from_owned(image))
        }
    }

    pub(crate) fn width(&self) -> u32 {
        // SAFETY: reads the header of a live image; sides are positive.
        unsafe { ffi::vips_image_get_width(self.as_ptr()) as u32 }
    }

    pub(crate) fn height(&self) -> u32 {
        // SAFETY: as in `width`.
        unsafe { ffi::vips_image_get_height(self.as_ptr()) as u32 }
    }

    pub(crate) fn bands(&self) -> u32 {
        // SAFETY: as in `width`.
        unsafe { ffi::vips_image_get_bands(self.as_ptr()) as u32 }
    }

    pub(crate) fn band_format(&self) -> BandFormat {
        // SAFETY: as in `width`.
        BandFormat(unsafe { ffi::vips_image_get_format(self.as_ptr()) })
    }

    pub(crate) fn interpretation(&self) -> Interpretation {
        // SAFETY: as in `width`.
        Interpretation(unsafe { ffi::vips_image_get_interpretation(self.as_ptr()) })
    }

    /// 1 to 8; 1 where nothing sensible is recorded.
    pub(crate) fn orientation(&self) -> u8 {
        // SAFETY: as in `width`.
        let recorded = unsafe { ffi::vips_image_get_orientation(self.as_ptr()) };
        if (1..=8).contains(&recorded) {
            recorded as u8
        } else {
            1
        }
    }

    pub(crate) fn pages(&self) -> u32 {
        // SAFETY: as in `width`.
        unsafe { ffi::vips_image_get_n_pages(self.as_ptr()).max(1) as u32 }
    }

    pub(crate) fn has_alpha(&self) -> bool {
        // SAFETY: as in `width`.
        unsafe { ffi::vips_image_hasalpha(self.as_ptr()) != 0 }
    }

    /// Computes all pixels into memory; what they came from is no longer needed.
    pub(crate) fn in_memory(&self) -> Result<Image<'a>, Fault> {
        Fault::forget();
        // SAFETY: a live image; a new reference or null comes back.
        unsafe {
            let copy = ffi::vips_image_copy_memory(self.as_ptr());
            NonNull::new(copy)
                .map(|image| Image::from_owned(image))
                .ok_or_else(Fault::take)
        }
    }

    /// Computes all pixels and copies them out.
    pub(crate) fn pixels(&self) -> Result<Vec<u8>, Fault> {
        let mut len = 0;
        Fault::forget();
        // SAFETY: libvips allocates `len` bytes, which are copied and freed by its allocator.
        unsafe {
            let bytes = ffi::vips_image_write_to_memory(self.as_ptr(), &raw mut len);
            if bytes.is_null() {
                return Err(Fault::take());
            }
            let pixels = std::slice::from_raw_parts(bytes.cast::<u8>(), len).to_vec();
            ffi::g_free(bytes);
            Ok(pixels)
        }
    }

    /// Names of all metadata fields, header fields included.
    pub(crate) fn fields(&self) -> Vec<String> {
        let mut names = Vec::new();
        // SAFETY: a NULL-terminated array of strings, freed once after it was copied.
        unsafe {
            let fields = ffi::vips_image_get_fields(self.as_ptr());
            let mut next = fields;
            while !next.is_null() && !(*next).is_null() {
                names.push(CStr::from_ptr(*next).to_string_lossy().into_owned());
                next = next.add(1);
            }
            ffi::g_strfreev(fields);
        }
        names
    }

    /// A field of bytes.
    pub(crate) fn blob_field(&self, name: &CStr) -> Option<Vec<u8>> {
        let (mut bytes, mut len) = (ptr::null(), 0);
        // SAFETY: asked for only if present; the bytes belong to the image and are copied.
        unsafe {
            if ffi::vips_image_get_typeof(self.as_ptr(), name.as_ptr()) != ffi::vips_blob_get_type()
                || ffi::vips_image_get_blob(self.as_ptr(), name.as_ptr(), &raw mut bytes, &raw mut len) != 0
            {
                return None;
            }
            Some(std::slice::from_raw_parts(bytes.cast::<u8>(), len).to_vec())
        }
    }

    /// A field of text; bytes that are not UTF-8 stay as they are.
    pub(crate) fn text_field(&self, name: &str) -> Option<CString> {
        let mut text: *const c_char = ptr::null();
        let name = c_name(name);
        // SAFETY: as in `blob_field`; the text is NUL-terminated.
        unsafe {
            if ffi::vips_image_get_typeof(self.as_ptr(), name.as_ptr()) == 0
                || ffi::vips_image_get_string(self.as_ptr(), name.as_ptr(), &raw mut text) != 0
            {
                libvips::Vips::error_clear();
                return None;
            }
            Some(CStr::from_ptr(text).to_owned())
        }
    }

    /// Sets a field of bytes. Only on an image that nothing else refers to (see `Call` "copy").
    pub(crate) fn set_blob_field(&mut self, name: &CStr, bytes: &[u8]) {
        // SAFETY: a live image that `self` owns; libvips copies the bytes.
        unsafe {
            ffi::vips_image_set_blob_copy(
                self.as_ptr(),
                name.as_ptr(),
                bytes.as_ptr().cast(),
                bytes.len() as _,
            );
        }
    }

    /// Sets a field of text.
    pub(crate) fn set_text_field(&mut self, name: &str, text: &CStr) {
        // SAFETY: as in `set_blob_field`.
        unsafe { ffi::vips_image_set_string(self.as_ptr(), c_name(name).as_ptr(), text.as_ptr()) };
    }

    /// Removes a field, if it is there.
    pub(crate) fn remove_field(&mut self, name: &str) {
        // SAFETY: as in `set_blob_field`.
        unsafe { ffi::vips_image_remove(self.as_ptr(), c_name(name).as_ptr()) };
    }
}

impl Clone for Image<'_> {
    fn clone(&self) -> Self {
        // SAFETY: a live image; the new reference is owned by the clone.
        unsafe {
            ffi::g_object_ref(self.as_ptr().cast());
            Self::from_owned(self.image)
        }
    }
}

impl Drop for Image<'_> {
    fn drop(&mut self) {
        // SAFETY: gives back the one reference that `self` owns.
        unsafe { ffi::g_object_unref(self.as_ptr().cast()) };
    }
}
