//! What is made of originals when the operator says nothing.

/// The default recipe as it would be written in a document; used where `recipes` is absent, printed by `minilab check
/// --print`, and the same text as in the documentation.
///
/// Thumbnails at once, what a page shows next, AVIF when there is time: the encodings' own defaults put it in `bulk`.
pub const DEFAULT_RECIPE: &str = "\
recipes:
  default:
    urls: both
    placeholder: [thumbhash, dominant]
    derivatives:
      thumb:
        resize: { width: 320, height: 320, fit: cover, gravity: [focal, attention] }
        formats: [webp, jpeg]
        lane: fast
      photo:
        resize: { widths: [320, 640, 960, 1280, 1920, 2560] }
        formats: [avif, webp, jpeg]
";
