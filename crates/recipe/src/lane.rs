//! Lanes: groups of files made and swapped together.
use std::fmt;

use serde::{Deserialize, Serialize};

/// A group of files that is made and swapped together and has a queue of its own; earlier lanes are made first.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Lane {
    /// What a page needs at once: thumbnails.
    Fast,
    /// The rest of what a page shows.
    Standard,
    /// What may come later: slow encodings, downloads.
    Bulk,
}

impl Lane {
    /// All lanes, in the order in which they are made.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Standard, Self::Bulk];

    /// The lane as it is written in recipes, queues and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Standard => "standard",
            Self::Bulk => "bulk",
        }
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
