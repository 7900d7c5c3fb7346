//! Metadata that a recipe writes into files, whatever the original carries.
use serde::{Deserialize, Serialize};

/// Texts of EXIF's first directory, and the density for print.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Written {
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copyright: Option<String>,
    /// Who made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artist: Option<String>,
    /// What it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Pixels per inch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dpi: Option<u16>,
}

impl Written {
    /// Is nothing written?
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The EXIF names of what is written as text.
    pub fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let texts = [
            ("Copyright", &self.copyright),
            ("Artist", &self.artist),
            ("ImageDescription", &self.description),
        ];
        texts
            .into_iter()
            .filter_map(|(name, text)| text.as_deref().map(|text| (name, text)))
    }

    /// This, and what `base` says where this says nothing.
    #[must_use]
    pub fn over(self, base: &Self) -> Self {
        let base = base.clone();
        Self {
            copyright: self.copyright.or(base.copyright),
            artist: self.artist.or(base.artist),
            description: self.description.or(base.description),
            dpi: self.dpi.or(base.dpi),
        }
    }
}
