//! The default encodings against the curves that they were chosen from (`docs/adr/0005-avif-defaults.md`).
use std::collections::BTreeMap;

use minilab_recipe::{Document, Encoding, OutputFormat};

const CURVES: &str = include_str!("../../../docs/performance/avif-curves.csv");
const WIDTHS: [u32; 4] = [320, 640, 1280, 2560];

/// How each format is encoded when nobody says.
fn defaults() -> [Encoding; 3] {
    let document = Document::default_for_folders("in", "out");
    let photo = document.recipes["default"]
        .derivative("photo")
        .expect("it is there");
    let encodings = &photo.encodings;
    std::array::from_fn(|index| encodings[index].encoding.clone())
}

/// Mean score over the photos, between the two measured qualities next to the asked one.
fn score(encoding: &Encoding, width: u32) -> f64 {
    let (variant, effort) = match encoding {
        Encoding::Avif { effort, .. } => ("4:2:0", *effort),
        Encoding::Webp { effort, .. } => ("lossy", *effort),
        _ => ("mozjpeg", 0),
    };
    let way = [encoding.format().as_str(), variant, &effort.to_string()].map(str::to_owned);
    let mut photos: BTreeMap<&str, BTreeMap<u8, f64>> = BTreeMap::new();
    for line in CURVES.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        if cells[1] == width.to_string() && cells[3..6] == way {
            let quality = cells[6].parse().expect("a quality");
            let score = cells[9].parse().expect("a score");
            photos.entry(cells[0]).or_default().insert(quality, score);
        }
    }
    let asked = encoding.quality().expect("lossy formats have one");
    let scores = photos.values().map(|curve| {
        let (low, below) = curve.range(..=asked).next_back().expect("measured below");
        let (high, above) = curve.range(asked..).next().expect("measured above");
        let part = f64::from(asked - low) / f64::from((high - low).max(1));
        below + part * (above - below)
    });
    scores.sum::<f64>() / photos.len() as f64
}

#[test]
fn default_encodings_look_alike() {
    for width in WIDTHS {
        let scores = defaults().map(|encoding| score(&encoding, width));
        let [worst, best] = [f64::min, f64::max].map(|of| scores.into_iter().reduce(of).expect("three"));
        assert!(
            worst > 73.0 && best - worst < 2.5,
            "at {width} px AVIF, WebP and JPEG score {scores:?}"
        );
    }
}

#[test]
fn one_avif_quality_serves_all_widths() {
    let [avif, ..] = defaults();
    assert_eq!(avif.format(), OutputFormat::Avif);
    let scores = WIDTHS.map(|width| score(&avif, width));
    let [worst, best] = [f64::min, f64::max].map(|of| scores.into_iter().reduce(of).expect("four"));
    assert!(best - worst < 2.0, "AVIF scores {scores:?} at {WIDTHS:?} px");
}

/// Qualities of a word, per format.
fn of_word(word: &str) -> [Encoding; 3] {
    let text = format!(
        "version: 1\nfrom: {{ folder: a }}\nto: {{ folder: b }}\nrecipes:\n  r:\n    derivatives:\n      \
         a: {{ formats: [avif, webp, jpeg], quality: {word} }}\n"
    );
    let document = Document::parse("x.yaml", &text, &|_| None).expect("it is valid");
    let derivative = document.recipes["r"].derivative("a").expect("it is there");
    std::array::from_fn(|index| derivative.encodings[index].encoding.clone())
}

#[test]
fn words_for_a_quality_look_alike() {
    let mut means = Vec::new();
    for word in ["low", "medium", "high"] {
        let encodings = of_word(word);
        let mean = |encoding: &Encoding| {
            let scores = WIDTHS.map(|width| score(encoding, width));
            scores.iter().sum::<f64>() / scores.len() as f64
        };
        let over_widths = encodings.each_ref().map(mean);
        let [worst, best] = [f64::min, f64::max].map(|of| over_widths.into_iter().reduce(of).expect("three"));
        assert!(
            best - worst < 0.6,
            "{word}: AVIF, WebP and JPEG score {over_widths:?}"
        );
        means.push(over_widths.iter().sum::<f64>() / 3.0);
    }
    let expected = [67.0, 76.0, 82.0];
    for (mean, expected) in means.iter().zip(expected) {
        assert!((mean - expected).abs() < 0.6, "{means:?}");
    }
}
