//! The configuration file: read from disk, its paths relative to its folder.
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use minilab_recipe::Document;

/// A document and the folder that its relative paths start from.
#[derive(Debug, Clone)]
pub struct Config {
    /// What it says.
    pub document: Document,
    /// Where it stands.
    pub folder: PathBuf,
}

impl Config {
    /// Reads a file; what is wrong with it is told all at once.
    pub fn read(path: &Path) -> Result<Self> {
        let text = text(path)?;
        let document = Document::parse(&path.display().to_string(), &text, &variable)?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { document, folder })
    }

    /// The default recipe for these folders.
    pub fn of_folders(from: &Path, to: &Path) -> Self {
        Self {
            document: Document::default_for_folders(from, to),
            folder: PathBuf::new(),
        }
    }

    /// Reads a file of which only the recipes matter; it may be just those.
    pub fn read_recipes(path: &Path) -> Result<Self> {
        let text = text(path)?;
        let document = Document::parse_recipes(&path.display().to_string(), &text, &variable)?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { document, folder })
    }
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .with_context(|| format!("the configuration {} cannot be read", path.display()))
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
