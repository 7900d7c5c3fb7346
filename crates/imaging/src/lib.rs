//! Pixels: libvips behind a safe, synchronous API. Bytes in, bytes out; no socket, no store, no clock but stop-watches.
//!
//! ```text
//! Engine::start -> probe(bytes) -> (the recipe makes a plan) -> decode(bytes) -> open(plan) -> encode(file)...
//! ```
//!
//! The bytes of an original are hostile: its format is told by content, its header is read by safe code before libvips
//! sees a byte, and only the named loader of that format may run.
mod analysis;
mod atelier;
mod blurhash;
mod carried;
mod cicp;
mod container;
mod credits;
mod decoded;
mod decoders;
mod embedded;
mod encode;
mod encoders;
mod engine;
mod error;
mod faces;
mod flat;
mod limits;
mod lqip;
mod palette;
mod picture;
mod probe;
mod score;
mod search;
mod session;
mod sniff;
mod steps;
#[cfg(feature = "testing")]
pub mod testing;
mod trunk;
mod vips;

pub use analysis::{Analyses, Trim};
pub use decoded::Decoded;
pub use embedded::Told;
pub use encode::{Encoded, Timing};
pub use engine::{Engine, Settings};
pub use error::{Error, Result};
pub use limits::Limits;
pub use lqip::Tiny;
pub use session::Session;
pub use sniff::{Recognised, recognise, sniff};
pub use vips::Blob;
