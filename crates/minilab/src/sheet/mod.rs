//! The contact sheet: one HTML page that a browser shows from disk or from the server, with every file that was made.
//!
//! Links are relative to the page, so that the folder can be moved or served as a whole. Nothing is loaded from
//! elsewhere and nothing runs.
mod card;
mod place;
mod text;

pub use place::relative_url;

use crate::{gallery::Entry, units};

const STYLE: &str = include_str!("style.css");

/// Where the page's links lead, relative to it; each empty or ending in a slash, percent-encoded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Places {
    /// The files.
    pub files: String,
    /// The originals; `None`: they are not linked.
    pub originals: Option<String>,
}

/// The page.
pub fn page(entries: &[Entry], places: &Places) -> String {
    let cards: String = entries.iter().map(|entry| card::card(entry, places)).collect();
    let body = if cards.is_empty() {
        "<p class=\"empty\">Nothing has been made yet. Put photos into the watched folder and reload.</p>\n"
            .to_owned()
    } else {
        cards
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <title>Contact sheet</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <header class=\"page\">\n<h1>Contact sheet</h1>\n<p>{}</p>\n</header>\n\
         <main>\n{body}</main>\n</body>\n</html>\n",
        summary(entries)
    )
}

fn summary(entries: &[Entry]) -> String {
    let files: usize = entries.iter().map(|entry| entry.files.len()).sum();
    let input: u64 = entries.iter().map(|entry| entry.bytes).sum();
    let output: u64 = entries
        .iter()
        .flat_map(|entry| &entry.files)
        .map(|file| file.bytes)
        .sum();
    format!(
        "{} of {}, {} of {}",
        units::count(entries.len(), "original"),
        units::bytes(input),
        units::count(files, "file"),
        units::bytes(output)
    )
}

#[cfg(test)]
mod tests;
