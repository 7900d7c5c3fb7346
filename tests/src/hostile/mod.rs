//! Small files that ask for much, or lie, made by code: for each format and each limit of docs/SECURITY.md one at least.
//!
//! Many carry [`CANARY`] where metadata is, which no file made of them may show.
mod bits;
mod gif;
mod heif;
mod jpeg;
mod jxl;
mod lzw;
mod other;
mod png;
mod svg;
mod tiff;
mod webp;

use std::path::Path;

/// Words that must not leave.
pub const CANARY: &[u8] = b"CANARY-0451-LEAVES-NOWHERE";

/// A file, and how a renderer's work on it must end.
#[derive(Debug, Clone)]
pub struct Hostile {
    /// For people: what is wrong with it.
    pub name: String,
    /// Ending of names of such files.
    pub extension: &'static str,
    /// All of it.
    pub bytes: Vec<u8>,
    /// How it ends.
    pub ends: Ends,
}

/// How the work on a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    /// All files are made.
    Made,
    /// As the original's fault, with one of these codes.
    Refused(&'static [&'static str]),
    /// Either way: decoders differ, and both are fine.
    Either,
}

/// Over a limit.
const TOO_LARGE: Ends = Ends::Refused(&["too_large", "too_many_pixels", "too_many_frames"]);
/// Bytes that do not follow their format.
const DAMAGED: Ends = Ends::Refused(&["truncated", "corrupt"]);
/// What is not decoded.
const UNSUPPORTED: Ends = Ends::Refused(&["unsupported_format"]);

/// Every one of them. They take a second to make and some megabytes to hold.
pub fn all() -> Vec<Hostile> {
    [
        jpeg::files(),
        png::files(),
        webp::files(),
        gif::files(),
        tiff::files(),
        heif::files(),
        jxl::files(),
        svg::files(),
        other::files(),
    ]
    .concat()
}

/// Well-formed files, one of each format at least: what mutations begin with.
pub fn seeds() -> Vec<Hostile> {
    let samples = [
        "photo.webp",
        "lossless.webp",
        "animation.webp",
        "animation.gif",
        "clear.avif",
        "photo.heic",
        "grid.heic",
        "photo.jxl",
        "animation.jxl",
        "logo.svg",
        "pages.tiff",
        "tiled.tiff",
        "palette.png",
        "deep.png",
        "animation.png",
        "gain-map.jpg",
    ];
    let mut seeds: Vec<_> = samples
        .iter()
        .map(|name| {
            let extension = name.rsplit('.').next().unwrap_or(name);
            Hostile::new(extension, name, sample(name), Ends::Made)
        })
        .collect();
    seeds.push(Hostile::new(
        "jpg",
        "progressive.jpg",
        jpeg::progressive(64, 64, 9),
        Ends::Made,
    ));
    seeds.push(Hostile::new("tiff", "lzw.tiff", tiff::lzw(64, 64), Ends::Made));
    seeds
}

impl Hostile {
    fn new(extension: &'static str, name: &str, bytes: Vec<u8>, ends: Ends) -> Self {
        Self {
            name: format!("{extension}: {name}"),
            extension,
            bytes,
            ends,
        }
    }
}

/// A file of one format: what is wrong with it, its bytes, and how it ends.
fn of(extension: &'static str, files: Vec<(&str, Vec<u8>, Ends)>) -> Vec<Hostile> {
    let file = |(name, bytes, ends): (&str, Vec<u8>, Ends)| Hostile::new(extension, name, bytes, ends);
    files.into_iter().map(file).collect()
}

/// A sample picture of the repository.
fn sample(name: &str) -> Vec<u8> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/imaging/tests/samples");
    std::fs::read(samples.join(name)).unwrap_or_else(|cause| panic!("{name}: {cause}"))
}

/// So many bytes with the canary at their start.
fn secret(len: usize) -> Vec<u8> {
    let mut bytes = CANARY.to_vec();
    bytes.resize(len.max(CANARY.len()), b'x');
    bytes
}

/// The first part of a file.
fn cut(mut bytes: Vec<u8>, percent: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() * percent / 100);
    bytes
}

/// With something behind its end.
fn with_tail(mut bytes: Vec<u8>, tail: &[u8]) -> Vec<u8> {
    bytes.extend_from_slice(tail);
    bytes
}

/// The same with what stands at the first `from` replaced by something as long.
fn replaced(mut bytes: Vec<u8>, from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|window| window == from);
    let at = at.unwrap_or_else(|| panic!("{} is not there", from.escape_ascii()));
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}
