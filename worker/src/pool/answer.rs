//! What is believed of a renderer's answers: what its protocol, the limits and the picture allow.
use bytes::Bytes;
use minilab_protos::renderer as wire;
use minilab_recipe::{Analysis, Findings, Limits, Note, PlannedFile, Probe, Score, Size, Survey};

use super::child::printable;
use crate::renderer::{FileFailure, RenderError, RenderReport, RenderedFile};

/// Longest sentence of a renderer that is passed on.
const SENTENCE_CHARS_MAX: usize = 500;
/// Notes that a renderer adds to one file.
const NOTES_MAX: usize = 8;
/// The metric has no lower bound; pictures that share nothing score some hundreds below zero.
const SCORE_MIN: f64 = -100_000.0;
/// Most colours that a recipe can ask.
const PALETTE_MAX: usize = 16;
/// Longest data URI that a recipe can ask.
const LQIP_BYTES_MAX: usize = 4096;
/// Longest code.
const CODE_BYTES_MAX: usize = 40;
/// Longer than any deadline. It tells of times; nothing is decided by them.
const MICROS_MAX: u64 = 3_600_000_000;

/// The original's own fault; `None` breaks the protocol.
pub(super) fn refusal(failed: &wire::Failed) -> Option<RenderError> {
    is_code(&failed.code).then(|| RenderError::Input {
        code: failed.code.clone(),
        sentence: printable(&failed.sentence, SENTENCE_CHARS_MAX),
        stage: printable(&failed.stage, CODE_BYTES_MAX),
    })
}

/// A file with what is said of it; `None` breaks the protocol: only what the plan has searched can be found or missed.
pub(super) fn file_done(
    index: usize,
    body: Bytes,
    said: &wire::FileDone,
    planned: &PlannedFile,
) -> Option<RenderedFile> {
    let notes: Option<Vec<Note>> = said.notes.iter().map(|note| Note::named(note)).collect();
    let quality = said.quality.map(u8::try_from).transpose().ok()?;
    let is_sane = quality.is_none_or(|quality| (1..=100).contains(&quality))
        && said
            .score
            .is_none_or(|score| (SCORE_MIN..=100.0).contains(&score))
        && notes.as_ref().is_some_and(|notes| notes.len() <= NOTES_MAX);
    let is_searched = !planned.aim.is_none() || (quality.is_none() && said.score.is_none());
    (is_sane && is_searched).then_some(RenderedFile {
        index,
        body,
        micros: said.micros.min(MICROS_MAX),
        quality,
        score: said.score.map(Score::new),
        notes: notes?,
    })
}

/// The fault of one file; `None` breaks the protocol.
pub(super) fn file_failure(index: usize, said: &wire::FileFailed) -> Option<FileFailure> {
    is_code(&said.code).then(|| FileFailure {
        index,
        code: said.code.clone(),
        sentence: printable(&said.sentence, SENTENCE_CHARS_MAX),
    })
}

/// What a render came to; `None` breaks the protocol: values for pages are of the form that pages expect, and only those that the
/// plan asks.
pub(super) fn report(
    said: &wire::Rendered,
    failed: Vec<FileFailure>,
    asked: &[Analysis],
) -> Option<RenderReport> {
    let is_asked = |wanted: fn(&Analysis) -> bool| asked.iter().any(wanted);
    let value = |text: &str, wanted: fn(&Analysis) -> bool, is_sound: fn(&str) -> bool| match text {
        "" => Some(None),
        text => (is_asked(wanted) && is_sound(text)).then(|| Some(text.to_owned())),
    };
    let palette = &said.palette_hex;
    let palette_is_sound = palette.is_empty()
        || (is_asked(|analysis| matches!(analysis, Analysis::Palette { .. }))
            && palette.len() <= PALETTE_MAX
            && palette.iter().all(|colour| is_colour(colour)));
    if !palette_is_sound {
        return None;
    }
    Some(RenderReport {
        failed,
        decode_micros: said.decode_micros.min(MICROS_MAX),
        thumbhash: value(
            &said.thumbhash_base64,
            |analysis| matches!(analysis, Analysis::Thumbhash),
            is_thumbhash,
        )?,
        dominant: value(
            &said.dominant_hex,
            |analysis| matches!(analysis, Analysis::Dominant),
            is_colour,
        )?,
        blurhash: value(
            &said.blurhash,
            |analysis| matches!(analysis, Analysis::Blurhash { .. }),
            is_blurhash,
        )?,
        palette: palette.clone(),
        lqip: value(
            &said.lqip_uri,
            |analysis| matches!(analysis, Analysis::Lqip { .. }),
            is_picture_uri,
        )?,
    })
}

/// At most 25 bytes.
fn is_thumbhash(text: &str) -> bool {
    text.len() <= 36 && is_base64(text)
}

/// `#rrggbb`.
fn is_colour(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text.bytes().skip(1).all(|b| b.is_ascii_hexdigit())
}

/// Two characters for each of 81 waves, and six, of the 83 that it is written in.
fn is_blurhash(text: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"#$%*+,-.:;=?@[]^_{|}~".contains(&b);
    text.len() <= 168 && text.bytes().all(known)
}

fn is_picture_uri(text: &str) -> bool {
    let body = ["image/webp", "image/jpeg"].iter().find_map(|kind| {
        text.strip_prefix("data:")?
            .strip_prefix(kind)?
            .strip_prefix(";base64,")
    });
    text.len() <= LQIP_BYTES_MAX && body.is_some_and(is_base64)
}

fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    text.len() - digits.len() <= 2
        && text.len().is_multiple_of(4)
        && digits
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/')
}

/// Is it a probe that the limits let pass?
pub(super) fn is_within(probe: &Probe, limits: &Limits) -> bool {
    let pixels_max = if probe.whole_image {
        limits.pixels_whole_image
    } else {
        limits.pixels
    };
    let fits = |stored: Size, orientation: u8| {
        (1..=limits.side).contains(&stored.width)
            && (1..=limits.side).contains(&stored.height)
            && stored.pixels() <= pixels_max
            && (1..=8).contains(&orientation)
    };
    fits(probe.stored, probe.orientation)
        && (1..=limits.frames).contains(&probe.pages)
        && probe.further.iter().all(|(page, own)| {
            limits.pages.contains(page) && probe.has_page(*page) && fits(own.stored, own.orientation)
        })
        // Else a plan of what was asked could not be made.
        && limits
            .pages
            .iter()
            .all(|page| !probe.has_page(*page) || probe.further.contains_key(page))
}

/// What a survey found; `None` breaks the protocol.
pub(super) fn findings(said: &wire::Surveyed, survey: &Survey, probe: &Probe) -> Option<Findings> {
    let found: Findings = serde_json::from_str(&said.findings_json).ok()?;
    found.answers(survey, probe.upright()).then_some(found)
}

fn is_code(code: &str) -> bool {
    (1..=CODE_BYTES_MAX).contains(&code.len())
        && code
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_for_pages_have_the_form_that_pages_expect() {
        assert!(is_thumbhash("1QcSHQRnh493V4dIh4eXh1h4kJUI"));
        assert!(is_colour("#12ab9f") && is_blurhash("LEHV6nWB2yk8pyo0adR*.7kCMdnj"));
        assert!(is_picture_uri("data:image/webp;base64,UklGRg=="));
        for lie in ["\"><b>", "#12345", "#12345g", "12345678"] {
            assert!(!is_colour(lie), "{lie}");
        }
        for lie in ["a===", "abc", "<svg", "ab\"d", "a=bc"] {
            assert!(!is_thumbhash(lie), "{lie}");
        }
        assert!(!is_blurhash("a\"b") && !is_blurhash("a b") && !is_blurhash(&"a".repeat(169)));
        for lie in [
            "data:text/html;base64,UklGRg==",
            "data:image/webp;base64,<script>",
            "javascript:alert(1)",
            "data:image/svg+xml;base64,UklGRg==",
        ] {
            assert!(!is_picture_uri(lie), "{lie}");
        }
    }

    #[test]
    fn only_values_that_the_plan_asks_are_taken() {
        let said = wire::Rendered {
            dominant_hex: "#123456".to_owned(),
            decode_micros: u64::MAX,
            ..wire::Rendered::default()
        };
        assert!(report(&said, Vec::new(), &[]).is_none());
        let taken = report(&said, Vec::new(), &[Analysis::Dominant]).unwrap();
        assert_eq!(
            (taken.dominant.as_deref(), taken.decode_micros),
            (Some("#123456"), MICROS_MAX)
        );
        assert!(report(&wire::Rendered::default(), Vec::new(), &[]).is_some());
    }
}
