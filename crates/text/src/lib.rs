//! Text to pixels: letters of bundled fonts, drawn from memory.
//!
//! Nothing here opens a file, so it works behind walls that allow none, and the same text looks the same on every machine.
//! What comes out is coverage, how much of each pixel the letters take; colours are the caller's.
mod coverage;
mod face;
mod setting;
mod typesetter;

pub use coverage::Coverage;
pub use face::Face;
pub use setting::{Align, CHARACTERS_MAX, Error, PIXELS_MAX, SIZE_MAX, SIZE_MIN, Setting};
pub use typesetter::Typesetter;
