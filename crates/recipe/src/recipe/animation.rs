//! What a derivative shows of an animated original.
use serde::Serialize;

/// Frames of an animation that become files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Animation {
    /// All, where the format can; else the first, with a note.
    #[default]
    Keep,
    /// The first.
    First,
    /// That one, from 0; the last, with a note, where there are fewer.
    Frame(u32),
    /// None: animated originals get no files.
    Drop,
}

impl Animation {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(crate) fn is_keep(&self) -> bool {
        *self == Self::Keep
    }
}
