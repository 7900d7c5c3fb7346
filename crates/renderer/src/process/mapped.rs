//! An original as bytes, without a copy: its memory file mapped for reading.
#![expect(unsafe_code, reason = "maps memory; the file's seals make that sound")]
use std::ffi::c_void;
use std::io;
use std::ops::Deref;
use std::os::fd::AsFd;
use std::ptr::{self, NonNull};

use rustix::fs::{SealFlags, fcntl_get_seals, fstat};
use rustix::mm::{Advice, MapFlags, ProtFlags, madvise, mmap, munmap};

/// A sealed memory file in this process' address space.
pub struct Mapped {
    start: NonNull<c_void>,
    length: usize,
}

impl Mapped {
    /// Maps all of it. Refuses a file that somebody could still change.
    pub fn new(file: impl AsFd, size_bytes: u64) -> io::Result<Self> {
        let needed = SealFlags::SHRINK | SealFlags::WRITE;
        if !fcntl_get_seals(&file)?.contains(needed) || fstat(&file)?.st_size.cast_unsigned() != size_bytes {
            return Err(io::Error::other(
                "the original is not sealed, or not as long as it was said to be",
            ));
        }
        let length = usize::try_from(size_bytes).map_err(io::Error::other)?;
        if length == 0 {
            return Ok(Self {
                start: NonNull::dangling(),
                length,
            });
        }
        // SAFETY: a fresh mapping at an address of the kernel's choice.
        let start = unsafe {
            mmap(
                ptr::null_mut(),
                length,
                ProtFlags::READ,
                MapFlags::PRIVATE,
                file,
                0,
            )?
        };
        let start = NonNull::new(start).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { start, length })
    }

    /// Lets go of the pages that were read: a decoded original is seldom read again, and what encoders need comes on top.
    /// Reading on is always possible and finds the same bytes.
    pub fn evict(&self) {
        if self.length > 0 {
            // SAFETY: the mapping is a file's, is never written, and stays mapped; a page that is touched again is
            // taken from the file, whose seals keep it as it was. A kernel that refuses leaves all as it is.
            let _ = unsafe { madvise(self.start.as_ptr(), self.length, Advice::LinuxDontNeed) };
        }
    }
}

impl Deref for Mapped {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: the mapping lives as long as `self`; the seals keep its bytes and its length as they are. An empty one
        // is dangling, which is what an empty slice may be.
        unsafe { std::slice::from_raw_parts(self.start.as_ptr().cast(), self.length) }
    }
}

impl Drop for Mapped {
    fn drop(&mut self) {
        if self.length > 0 {
            // SAFETY: made by `new`, unmapped once; every borrow of it has ended. It cannot fail for a mapping of ours.
            let _ = unsafe { munmap(self.start.as_ptr(), self.length) };
        }
    }
}
