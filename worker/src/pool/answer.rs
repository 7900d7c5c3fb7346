//! What is believed of a renderer's answers: what its protocol, the limits and the picture allow.
use bytes::Bytes;
use minilab_protos::renderer as wire;
use minilab_recipe::{Findings, Limits, Note, PlannedFile, Probe, Score, Size, Survey};

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
        micros: said.micros,
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

/// What a render came to.
pub(super) fn report(said: &wire::Rendered, failed: Vec<FileFailure>) -> RenderReport {
    let known = |text: &str, length_max| (!text.is_empty()).then(|| printable(text, length_max));
    RenderReport {
        failed,
        decodes: said.decodes,
        decode_micros: said.decode_micros,
        // At most 25 bytes in base64.
        thumbhash: known(&said.thumbhash_base64, 36),
        dominant: known(&said.dominant_hex, 7),
        // Two characters for each of 81 waves, and six.
        blurhash: known(&said.blurhash, 168),
        palette: said
            .palette_hex
            .iter()
            .take(PALETTE_MAX)
            .filter_map(|colour| known(colour, 7))
            .collect(),
        lqip: known(&said.lqip_uri, LQIP_BYTES_MAX),
    }
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
