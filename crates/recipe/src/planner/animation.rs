//! What of an original's frames each file shows.
use serde::Serialize;

use crate::{Animation, Derivative, Encoding, Note, Probe};

/// Frames that a file shows, counted from the first of the original.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Shown {
    /// All of them, with their times.
    All,
    /// That one.
    Frame(u32),
}

impl Shown {
    /// How many that are.
    pub fn frames(self, probe: &Probe) -> u32 {
        match self {
            Self::All => probe.pages,
            Self::Frame(_) => 1,
        }
    }

    /// In the canonical text only where it is not what a still would be.
    pub fn unusual(self) -> Option<Self> {
        (self != Self::Frame(0)).then_some(self)
    }
}

/// What a file shows, and what its reader must know of that. `None`: animations are dropped.
pub(super) fn shown(
    derivative: &Derivative,
    probe: &Probe,
    encoding: &Encoding,
) -> Option<(Shown, Option<Note>)> {
    let last = probe.pages.saturating_sub(1);
    if !probe.is_animated() {
        let unasked = last > 0 && derivative.page.is_none();
        return Some((Shown::Frame(0), unasked.then_some(Note::FirstFrame)));
    }
    Some(match derivative.animation {
        Animation::Drop => return None,
        Animation::Keep if encoding.format().has_frames() => (Shown::All, None),
        Animation::Keep => (Shown::Frame(0), Some(Note::FirstFrame)),
        Animation::First => (Shown::Frame(0), None),
        Animation::Frame(frame) if frame <= last => (Shown::Frame(frame), None),
        Animation::Frame(_) => (Shown::Frame(last), Some(Note::LastFrame)),
    })
}

/// First frame and number of frames that must be decoded for all of these.
pub(super) fn span(all: impl Iterator<Item = Shown>, probe: &Probe) -> (u32, u32) {
    let (mut from, mut to) = (u32::MAX, 0);
    let mut several = false;
    for shown in all {
        let (first, last) = match shown {
            Shown::All => (0, probe.pages.saturating_sub(1)),
            Shown::Frame(frame) => (frame, frame),
        };
        several |= from != u32::MAX && (from, to) != (first, last);
        (from, to) = (from.min(first), to.max(last));
    }
    match from {
        u32::MAX => (0, 1),
        // A decoder begins at the first frame anyhow.
        _ if several => (0, to + 1),
        _ => (from, to + 1 - from),
    }
}
