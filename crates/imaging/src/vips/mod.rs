//! The one place that talks to libvips: owned references to its images, and calls of its operations by name.
//!
//! Everything outside is safe code. Images and sources borrow the bytes they were opened from (`'a`), so that a
//! mapped original is never copied and can never go away under libvips.
#![expect(
    unsafe_code,
    reason = "calls into the C library; each block states why it is sound"
)]
mod blob;
mod call;
mod fields;
mod image;
mod library;
mod small;

pub use blob::Blob;
pub(crate) use call::{Call, Fault};
pub(crate) use image::{BandFormat, Image, Interpretation};
pub(crate) use library::{Start, block_operation, start, version, version_text};
