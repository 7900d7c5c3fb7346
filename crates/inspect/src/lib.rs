//! Blocks of image files, walked in safe code, and the last look at a file before it leaves: that it carries no metadata
//! that its recipe does not keep.
//!
//! Twice the same look: in the renderer, where a mistake of an encoder is told as one; and in the worker, which loads no
//! decoder and believes no renderer. Bytes in, a word out: nothing is decoded, inflated or allocated by what a file says.
mod allowed;
mod blocks;
mod check;
mod exif;
pub mod iptc;
pub mod xmp;

pub use allowed::{Allowed, allowed};
pub use blocks::gif::{Block as GifBlock, blocks as gif_blocks};
pub use blocks::iso::{Box4, boxes, child, item_types, meta};
pub use blocks::jpeg::{Segment, segments};
pub use blocks::png::{Chunk as PngChunk, chunks as png_chunks};
pub use blocks::tiff::{Directory, Entry};
pub use blocks::webp::chunks as webp_chunks;
pub use check::check;
