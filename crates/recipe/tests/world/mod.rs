//! Documents and originals for tests.
#![allow(dead_code, reason = "each test program uses its part")]
use minilab_recipe::{Area, Document, Face, Format, Original, Pixels, Probe, Recipe, Size};

/// A document with one recipe `r`, given the lines below `derivatives:` in flow style.
pub fn recipe(derivatives: &str) -> Recipe {
    whole(&format!("{{ derivatives: {derivatives} }}"))
}

/// A document with one recipe `r`.
pub fn whole(recipe: &str) -> Recipe {
    let text =
        format!("version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nrecipes:\n  r: {recipe}\n");
    match Document::parse("test.yaml", &text, &|_| None) {
        Ok(document) => document.recipes["r"].clone(),
        Err(diagnostics) => panic!("{}", diagnostics.render()),
    }
}

/// A plain JPEG.
pub fn jpeg(width: u32, height: u32) -> Original {
    let probe = Probe {
        format: Format::Jpeg,
        stored: Size { width, height },
        orientation: 1,
        pages: 1,
        alpha: false,
        bits: 8,
        pixels: Pixels::Rgb,
        icc: false,
        whole_image: false,
        further: std::collections::BTreeMap::new(),
    };
    Original::new("a/photo.jpg", probe)
}

/// A PNG with transparency.
pub fn png(width: u32, height: u32) -> Original {
    let mut original = jpeg(width, height);
    original.probe.format = Format::Png;
    original.probe.alpha = true;
    original
}

pub fn area(x: f64, y: f64, width: f64, height: f64) -> Area {
    Area { x, y, width, height }
}

/// The original, with these faces found.
pub fn with(mut original: Original, faces: &[Area]) -> Original {
    let face = |area: &Area| Face {
        area: *area,
        score: 0.9,
    };
    original.findings.faces = Some(faces.iter().map(face).collect());
    original
}
