//! Where jobs wait: a lane's queue, or the one of operators' work.
use std::fmt;

use minilab_queue::QueueName;
use minilab_recipe::{Lane, Recipe};
use serde::{Deserialize, Serialize};

/// A queue that jobs wait in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Place {
    /// That of the lane `fast`.
    Fast,
    /// That of the lane `standard`.
    Standard,
    /// That of the lane `bulk`.
    Bulk,
    /// That of operators' work, whose jobs make all lanes.
    Backfill,
}

impl Place {
    /// All of them; a job of a lane goes on to the next one.
    pub const ALL: [Self; 4] = [Self::Fast, Self::Standard, Self::Bulk, Self::Backfill];

    /// As it is written in queues, metrics and addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => Lane::Fast.as_str(),
            Self::Standard => Lane::Standard.as_str(),
            Self::Bulk => Lane::Bulk.as_str(),
            Self::Backfill => "backfill",
        }
    }

    /// The place of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|place| place.as_str() == name)
    }

    /// The queue's name.
    pub fn queue(self) -> QueueName {
        QueueName::new(self.as_str()).expect("places are lower-case words")
    }

    /// The lanes that a job there is expected to make.
    pub fn lanes(self, recipe: &Recipe) -> Vec<Lane> {
        match self {
            Self::Fast => vec![Lane::Fast],
            Self::Standard => vec![Lane::Standard],
            Self::Bulk => vec![Lane::Bulk],
            Self::Backfill => recipe.lanes(),
        }
    }

    /// Places whose jobs are handed on to this one.
    pub(crate) fn before(self) -> &'static [Self] {
        match self {
            Self::Fast | Self::Backfill => &[],
            Self::Standard => &[Self::Fast],
            Self::Bulk => &[Self::Fast, Self::Standard],
        }
    }
}

impl From<Lane> for Place {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Fast => Self::Fast,
            Lane::Standard => Self::Standard,
            Lane::Bulk => Self::Bulk,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
