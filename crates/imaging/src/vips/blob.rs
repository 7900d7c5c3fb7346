//! Bytes that libvips allocated, owned here without a copy.
use std::fmt;
use std::ops::Deref;
use std::ptr::NonNull;

use libvips::bindings as ffi;

/// Encoded bytes in libvips' memory.
pub struct Blob(NonNull<ffi::VipsBlob>);

impl Blob {
    /// Takes over one reference.
    ///
    /// # Safety
    /// `blob` is a live blob and the caller gives up a reference that it owns.
    pub(super) unsafe fn from_owned(blob: NonNull<ffi::VipsBlob>) -> Self {
        Self(blob)
    }
}

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let mut len = 0;
        // SAFETY: the blob is alive as long as `self`; its bytes are not changed by anybody once it exists.
        unsafe {
            let bytes = ffi::vips_blob_get(self.0.as_ptr(), &raw mut len);
            if bytes.is_null() {
                return &[];
            }
            std::slice::from_raw_parts(bytes.cast(), len)
        }
    }
}

impl AsRef<[u8]> for Blob {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Blob({} bytes)", self.len())
    }
}

impl Drop for Blob {
    fn drop(&mut self) {
        // SAFETY: gives back the reference that `from_owned` took over; a blob is an area.
        unsafe { ffi::vips_area_unref(self.0.as_ptr().cast()) };
    }
}
