//! What can go wrong with pixels, by what the caller can do about it; the only place that reads libvips' text.
use minilab_recipe::{Format, OutputFormat};

use crate::vips::Fault;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an original could not be probed, decoded or encoded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The original is of a kind that is not decoded here.
    #[error("the original is {what}, which is not a supported image format")]
    Unsupported {
        /// The kind, with its article: `a PDF document`.
        what: String,
    },
    /// The original is of a format that the recipe does not take.
    #[error("the original is {format}, which accept.formats does not name")]
    NotAccepted {
        /// Which.
        format: Format,
    },
    /// The original has no bytes.
    #[error("the original is empty (0 bytes)")]
    Empty,
    /// The original ends before its picture does.
    #[error("the original is cut short: {detail}")]
    Truncated {
        /// What was missing.
        detail: String,
    },
    /// The original's bytes do not follow its format.
    #[error("the original is damaged: {detail}")]
    Corrupt {
        /// What was wrong.
        detail: String,
    },
    /// The original is beyond a limit.
    #[error("the original has {found} {limit}, more than the limit of {max}")]
    TooLarge {
        /// What is limited: `pixels`, `pixels on its longer side`, `frames`, ...
        limit: &'static str,
        /// How much of it there is.
        found: u64,
        /// How much there may be.
        max: u64,
    },
    /// A picture that a file is made with cannot be used.
    #[error("a picture that the file is made with cannot be used: {detail}")]
    Asset {
        /// Why.
        detail: String,
    },
    /// A text cannot be drawn.
    #[error("the text on the file cannot be drawn: {detail}")]
    Text {
        /// Why.
        detail: String,
    },
    /// Memory ran out.
    #[error("not enough memory to render: {detail}")]
    OutOfMemory {
        /// What could not be allocated.
        detail: String,
    },
    /// An encoder refused.
    #[error("cannot encode {format}: {detail}")]
    Encode {
        /// Into what.
        format: OutputFormat,
        /// What the encoder said.
        detail: String,
    },
    /// A file carries what must not leave: it was thrown away.
    #[error(
        "the encoded {format} still holds {what}, which the recipe does not keep; the file was thrown away"
    )]
    Leak {
        /// The file's format.
        format: OutputFormat,
        /// Which block.
        what: &'static str,
    },
    /// libvips could not be started as required.
    #[error("cannot start libvips: {detail}")]
    Start {
        /// Why.
        detail: String,
    },
    /// Plan and pixels do not fit together, or libvips failed where it never should.
    #[error("rendering failed: {detail}")]
    Internal {
        /// What happened.
        detail: String,
    },
}

impl Error {
    /// A stable name for records and metrics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unsupported { .. } => "unsupported_format",
            Self::NotAccepted { .. } => "format_not_accepted",
            Self::Empty => "empty",
            Self::Truncated { .. } => "truncated",
            Self::Corrupt { .. } => "corrupt",
            Self::TooLarge { .. } => "too_large",
            Self::Asset { .. } => "asset_unusable",
            Self::Text { .. } => "text_not_drawn",
            Self::OutOfMemory { .. } => "out_of_memory",
            Self::Encode { .. } => "encode_failed",
            Self::Leak { .. } => "metadata_leak",
            Self::Start { .. } => "engine_start",
            Self::Internal { .. } => "render_internal",
        }
    }

    /// May the same bytes succeed later, or elsewhere?
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::OutOfMemory { .. } | Self::Start { .. })
    }

    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        Self::Internal {
            detail: detail.into(),
        }
    }

    pub(crate) fn corrupt(detail: impl Into<String>) -> Self {
        Self::Corrupt {
            detail: detail.into(),
        }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }

    pub(crate) fn truncated(detail: impl Into<String>) -> Self {
        Self::Truncated {
            detail: detail.into(),
        }
    }

    /// While pixels are read from the original.
    pub(crate) fn decoding(Fault(text): Fault) -> Self {
        match class(&text) {
            Class::OutOfMemory => Self::OutOfMemory { detail: text },
            Class::Truncated => Self::truncated(format!(
                "it ends before its picture does (decoder: {})",
                said(&text)
            )),
            Class::Unsupported => Self::Unsupported {
                what: format!("of a kind that the decoder lacks ({})", said(&text)),
            },
            Class::Ours => Self::Internal { detail: text },
            Class::Other => Self::corrupt(format!("it cannot be decoded (decoder: {})", said(&text))),
        }
    }

    /// While pixels in memory are worked on: the original is no longer to blame.
    pub(crate) fn computing(Fault(text): Fault) -> Self {
        match class(&text) {
            Class::OutOfMemory => Self::OutOfMemory { detail: text },
            _ => Self::Internal { detail: text },
        }
    }

    /// While pixels in memory are written.
    pub(crate) fn encoding(format: OutputFormat, Fault(text): Fault) -> Self {
        match class(&text) {
            Class::OutOfMemory => Self::OutOfMemory { detail: text },
            _ => Self::Encode { format, detail: text },
        }
    }
}

/// The gist of what libvips said, for people: the last line that says anything, without the name of the place in libvips.
fn said(text: &str) -> &str {
    let line = text
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or(text)
        .trim();
    match line.split_once(": ") {
        Some((place, gist)) if !place.contains(' ') => gist,
        _ => line,
    }
}

enum Class {
    OutOfMemory,
    Truncated,
    Unsupported,
    Ours,
    Other,
}

/// Fragments of libvips' messages in lower case. First match wins; what matches none is plain damage.
const PATTERNS: [(&str, Class); 10] = [
    // What a header claims, not what we have: no other attempt ends otherwise.
    ("security limit exceeded", Class::Other),
    ("out of memory", Class::OutOfMemory),
    ("memory allocation error", Class::OutOfMemory),
    ("premature end of jpeg", Class::Truncated),
    ("unexpected end of file", Class::Truncated),
    ("unexpected end of gif", Class::Truncated),
    ("read error at", Class::Truncated),
    ("read error on", Class::Truncated),
    ("unsupported", Class::Unsupported),
    ("operation is blocked", Class::Ours),
];

fn class(text: &str) -> &'static Class {
    let text = text.to_ascii_lowercase();
    PATTERNS
        .iter()
        .find(|(fragment, _)| text.contains(fragment))
        .map_or(&Class::Other, |(_, class)| class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libvips_says_is_told_apart() {
        for (said, code) in [
            ("VipsJpeg: premature end of JPEG image", "truncated"),
            ("gifload_source: Unexpected end of GIF source data", "truncated"),
            (
                "heif: Invalid input: Unexpected end of file: Extent in iloc box references data outside",
                "truncated",
            ),
            (
                "tiff2vips: Read error on strip 3; got 12 bytes, expected 512",
                "truncated",
            ),
            (
                "tiff2vips: Read error at scanline 7; got 12 bytes, expected 512",
                "truncated",
            ),
            ("vips_tracked: out of memory -- size == 381MB", "out_of_memory"),
            ("heif: Memory allocation error", "out_of_memory"),
            (
                "heif: Memory allocation error: Security limit exceeded: iinf box contains 60738 items",
                "corrupt",
            ),
            (
                "heif: Unsupported feature: Unsupported codec (4.3000)",
                "unsupported_format",
            ),
            ("operation is blocked", "render_internal"),
            ("vipspng: libpng read error", "corrupt"),
            ("webp: unable to parse image", "corrupt"),
            ("VipsJpeg: Invalid SOS parameters for sequential JPEG", "corrupt"),
        ] {
            assert_eq!(Error::decoding(Fault(said.into())).code(), code, "{said}");
        }
    }

    #[test]
    fn sentence_tells_people_what_is_wrong_before_it_quotes_the_decoder() {
        for (said, sentence) in [
            (
                "VipsJpeg: premature end of JPEG image\n",
                "the original is cut short: it ends before its picture does (decoder: premature end of JPEG image)",
            ),
            (
                "heif: Unsupported feature: Unsupported codec (4.3000)",
                "the original is of a kind that the decoder lacks (Unsupported feature: Unsupported codec (4.3000)), \
                 which is not a supported image format",
            ),
            (
                "pngload_source: warning\nvipspng: libpng read error",
                "the original is damaged: it cannot be decoded (decoder: libpng read error)",
            ),
        ] {
            assert_eq!(Error::decoding(Fault(said.into())).to_string(), sentence);
        }
    }

    #[test]
    fn only_memory_and_start_may_go_better_next_time() {
        let computing = |said: &str| Error::computing(Fault(said.into()));
        assert!(computing("vips_tracked: out of memory -- size == 381MB").is_transient());
        assert!(!computing("extract_area: bad extract area").is_transient());
        let refused = Error::encoding(OutputFormat::Webp, Fault("webpsave: unable to encode".into()));
        assert_eq!(
            refused.to_string(),
            "cannot encode webp: webpsave: unable to encode"
        );
    }
}
