//! Assets: pictures in stores of their own that files are made with, such as overlays and masks.
use std::fmt;

use serde::{Deserialize, Serialize};

/// More than any recipe needs; bounds what travels with a plan.
pub const ASSETS_MAX: usize = 16;
/// A logo has kilobytes; this is a photograph.
pub const ASSET_BYTES_MAX: u64 = 20 << 20;
/// As above.
pub const ASSET_PIXELS_MAX: u64 = 25_000_000;

/// Where an asset is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AssetName {
    /// A name under `stores`.
    pub store: String,
    /// In it.
    pub key: String,
}

impl fmt::Display for AssetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in the store {}", self.key, self.store)
    }
}

/// An asset as it is when a plan is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asset {
    /// Where it is.
    #[serde(flatten)]
    pub name: AssetName,
    /// What is there.
    #[serde(flatten)]
    pub state: AssetState,
}

/// What is where an asset should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssetState {
    /// Bytes.
    Found {
        /// Their SHA-256 (hex): files are made with content, not with names.
        sha256: String,
        /// How many.
        bytes: u64,
    },
    /// Nothing that could be used; files that need it fail.
    Absent {
        /// Stable code.
        code: String,
        /// Why, for people.
        sentence: String,
    },
}

impl Asset {
    /// One that nobody has looked for.
    pub fn unknown(name: AssetName) -> Self {
        let sentence = format!("the picture {name} was not looked up before planning");
        let code = "asset_unknown".to_owned();
        Self {
            name,
            state: AssetState::Absent { code, sentence },
        }
    }

    /// How a plan's steps name it, of which it is the asset with this number.
    pub(crate) fn picture(&self, number: usize) -> Picture {
        match &self.state {
            AssetState::Found { sha256, .. } => Picture::Sha256(sha256.clone()),
            AssetState::Absent { .. } => Picture::Absent(number),
        }
    }

    /// What a file made with it depends on.
    pub(crate) fn identity(&self) -> &str {
        match &self.state {
            AssetState::Found { sha256, .. } => sha256,
            AssetState::Absent { code, .. } => code,
        }
    }
}

/// An asset as a step names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Picture {
    /// By its content.
    Sha256(String),
    /// The asset of that number in [`crate::Plan::assets`], which is not there.
    Absent(usize),
}

impl Picture {
    /// Is this the asset with that number?
    fn is(&self, number: usize, asset: &Asset) -> bool {
        match (self, &asset.state) {
            (Self::Sha256(wanted), AssetState::Found { sha256, .. }) => wanted == sha256,
            (Self::Absent(wanted), AssetState::Absent { .. }) => *wanted == number,
            _ => false,
        }
    }
}

impl crate::Plan {
    /// The assets that a file is made with.
    pub fn assets_of(&self, file: &crate::PlannedFile) -> Vec<&Asset> {
        let mut pictures = Vec::new();
        let mut from = file.from;
        while let crate::Source::Node(index) = from {
            let node = &self.nodes[index];
            pictures.extend(node.steps.iter().filter_map(crate::Step::picture));
            from = node.from;
        }
        let numbered = self.assets.iter().enumerate();
        let used = numbered.filter(|(number, asset)| pictures.iter().any(|wanted| wanted.is(*number, asset)));
        used.map(|(_, asset)| asset).collect()
    }

    /// Why a file cannot be made: a picture that it needs is not there. Code and sentence.
    pub fn lacking(&self, file: &crate::PlannedFile) -> Option<(&str, &str)> {
        self.assets_of(file)
            .into_iter()
            .find_map(|asset| match &asset.state {
                AssetState::Absent { code, sentence } => Some((code.as_str(), sentence.as_str())),
                AssetState::Found { .. } => None,
            })
    }
}
