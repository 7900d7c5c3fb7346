//! Stable aliases: every rung of the recipe has a key that a page can compute, whatever the original's size.
use minilab_recipe::{Recipe, Size};

use crate::{FileEntry, Record, shown::shown};

/// One stable key and the file it shows now.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias<'a> {
    /// Where the copy is.
    pub stable_key: String,
    /// Width that the rung asks, if it asks one.
    pub width: Option<u32>,
    /// What it is a copy of.
    pub file: &'a FileEntry,
}

/// All aliases of what the record shows: one for **every** rung whose derivative has a file in the rung's format, so
/// that a computed URL is never a 404 once the original is done. None if the recipe publishes no stable URLs.
pub fn aliases<'a>(recipe: &Recipe, record: &'a Record) -> Vec<Alias<'a>> {
    if !recipe.urls.has_stable() {
        return Vec::new();
    }
    let files = shown(record).files;
    let alias = |rung: minilab_recipe::Rung| {
        let of_rung =
            |file: &&&FileEntry| file.derivative == rung.derivative && file.encoding.format() == rung.format;
        let candidates: Vec<&FileEntry> = files.iter().filter(of_rung).copied().collect();
        let sizes: Vec<Size> = candidates.iter().map(|file| file.size).collect();
        let file = candidates[rung.pick(&sizes)?];
        // Refused keys cannot occur: the original's key has passed the same checks for the file's own key.
        let stable_key = recipe.stable_key(&record.key, &rung).ok()?;
        Some(Alias {
            stable_key,
            width: rung.width,
            file,
        })
    };
    recipe.rungs().into_iter().filter_map(alias).collect()
}
