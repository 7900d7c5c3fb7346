//! What is believed of a renderer's answers: what its protocol, the limits and the picture allow.
use minilab_protos::renderer as wire;
use minilab_recipe::{Findings, Limits, Note, Probe, Survey};

use super::child::printable;
use crate::renderer::{FileFailure, RenderError, RenderReport};

/// Longest sentence of a renderer that is passed on.
const SENTENCE_CHARS_MAX: usize = 500;
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

/// The fault of one file; `None` breaks the protocol.
pub(super) fn file_failure(index: usize, said: &wire::FileFailed) -> Option<FileFailure> {
    is_code(&said.code).then(|| FileFailure {
        index,
        code: said.code.clone(),
        sentence: printable(&said.sentence, SENTENCE_CHARS_MAX),
    })
}

/// What a file was told of; `None` breaks the protocol.
pub(super) fn notes(said: &wire::FileDone) -> Option<Vec<Note>> {
    let note = |name: &String| serde_json::from_value(name.as_str().into()).ok();
    said.notes.iter().map(note).collect()
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
    }
}

/// Is it a probe that the limits let pass?
pub(super) fn is_within(probe: &Probe, limits: &Limits) -> bool {
    let pixels_max = if probe.whole_image {
        limits.pixels_whole_image
    } else {
        limits.pixels
    };
    let stored = probe.stored;
    (1..=limits.side).contains(&stored.width)
        && (1..=limits.side).contains(&stored.height)
        && stored.pixels() <= pixels_max
        && (1..=8).contains(&probe.orientation)
        && (1..=limits.frames).contains(&probe.pages)
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
