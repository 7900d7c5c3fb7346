//! Walls that renderers do without, as they say themselves: for the log and a metric.
use std::fmt;

use minilab_protos::renderer as wire;

use super::child::printable;

/// More than there are walls.
const GAPS_MAX: usize = 8;
/// Longest name and reason that are passed on.
const NAME_CHARS_MAX: usize = 32;
const CAUSE_CHARS_MAX: usize = 300;

/// A wall that is not there, or not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// `seccomp`, `landlock`, ...
    pub wall: String,
    /// For people.
    pub cause: String,
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.wall, self.cause)
    }
}

pub(super) fn read(said: &[wire::Gap]) -> Vec<Gap> {
    let gap = |gap: &wire::Gap| Gap {
        wall: printable(&gap.wall, NAME_CHARS_MAX),
        cause: printable(&gap.cause, CAUSE_CHARS_MAX),
    };
    said.iter().take(GAPS_MAX).map(gap).collect()
}

/// Said once, at the start.
pub(super) fn warn(gaps: &[Gap]) {
    for gap in gaps {
        tracing::warn!(
            wall = gap.wall,
            cause = gap.cause,
            "renderers have no {} on this machine: {}",
            gap.wall,
            gap.cause
        );
    }
}
