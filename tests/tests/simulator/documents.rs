//! The operator's documents of a run: what the recipe is at first, and what it becomes.
use std::sync::Arc;

use minilab_recipe::{Document, Original, Pixels, PlannedFile, Probe, Recipe, Size};
use minilab_record::Wanted;

use crate::dice::Dice;

/// Derivatives that a recipe may have. Neighbours share lanes, drop them, and change one file of several.
const DERIVATIVES: [&str; 4] = [
    "
      thumb: { resize: { width: 320 }, formats: [webp], lane: fast }
      photo: { resize: { widths: [640, 1280] }, formats: [jpeg, avif] }",
    "
      thumb: { resize: { width: 320 }, formats: [webp], lane: fast }
      photo: { resize: { widths: [640, 960] }, formats: [jpeg], lane: standard }",
    "
      thumb: { resize: { width: 256 }, formats: [webp], lane: fast }
      photo: { resize: { widths: [640, 1280] }, formats: [jpeg], lane: standard }
      poster: { resize: { width: 1600 }, formats: [jpeg], lane: bulk }",
    "
      photo: { resize: { widths: [640, 1280] }, formats: [webp], lane: standard }
      poster: { resize: { width: 1600 }, formats: [jpeg], lane: bulk }",
];

/// A document with one recipe for all keys.
pub fn document(dice: &Dice) -> Arc<Document> {
    let replace = dice.pick(&["atomic", "atomic", "progressive"]);
    let urls = dice.pick(&["versioned", "versioned", "both"]);
    let derivatives = dice.pick(&DERIVATIVES);
    let text = format!(
        "version: 1
from: {{ folder: ./in }}
to: {{ folder: ./out, url: \"https://cdn.example.com/\" }}
recipes:
  gallery:
    not_an_image: fail
    placeholder: [dominant]
    replace: {replace}
    urls: {urls}
    derivatives:{derivatives}
rules:
  - {{ recipe: gallery }}
"
    );
    Arc::new(Document::parse("simulator.yaml", &text, &|_| None).unwrap_or_else(|wrong| panic!("{wrong:?}")))
}

/// The recipe that takes every key.
pub fn recipe(document: &Document) -> &Recipe {
    &document.recipes["gallery"]
}

/// The files that an original of this text must have.
pub fn files(recipe: &Recipe, key: &str, text: &str) -> Vec<PlannedFile> {
    let Some(stored) = size(text) else {
        return Vec::new();
    };
    let probe = Probe {
        format: minilab_recipe::Format::Jpeg,
        stored,
        orientation: 1,
        pages: 1,
        alpha: false,
        bits: 8,
        pixels: Pixels::Rgb,
        icc: false,
        whole_image: false,
        further: std::collections::BTreeMap::new(),
    };
    let original = Original::new(key, probe);
    let lanes: Vec<_> = Wanted::by(recipe).lanes.into_keys().collect();
    recipe.plan(&original, &lanes).expect("the recipe takes it").files
}

/// As the scripted renderer reads it: `WIDTHxHEIGHT ...`, or no image.
fn size(text: &str) -> Option<Size> {
    let (width, height) = text.split_whitespace().next()?.split_once('x')?;
    let (width, height) = (width.parse().ok()?, height.parse().ok()?);
    Some(Size { width, height })
}
