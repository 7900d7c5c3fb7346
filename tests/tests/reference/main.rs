//! The recipe reference, `docs/RECIPES.md`: its tables follow from the schema, its pictures are made by the program.
//!
//! `make reference` writes both anew; the tests say whether that is due.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod example;
mod page;
#[path = "../goldens/picture.rs"]
#[expect(dead_code, reason = "only read here")]
mod picture;
mod studio;

use std::{env, fs, path::PathBuf};

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};

use self::{example::Example, picture::Picture, studio::Studio};

/// Set by `make reference`: what differs is written, not complained of.
const WRITE: &str = "MINILAB_WRITE_REFERENCE";
/// Pictures of another build of the same encoders; what a wrong option does is far below.
const SCORE_LEAST: f64 = 80.0;
/// A grey on which transparency shows.
const GROUND: u8 = 120;

fn docs(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../docs")
        .join(name)
}

fn is_writing() -> bool {
    env::var_os(WRITE).is_some()
}

#[test]
fn reference_tells_every_key_that_the_schema_has_and_every_example() {
    let page = page::written(&minilab_recipe::schema(), &Example::all());
    let path = docs("RECIPES.md");
    if is_writing() {
        fs::write(path, page).unwrap();
        return;
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(
        found == page,
        "docs/RECIPES.md is not what the types say: run `make reference` and look at what changes"
    );
}

#[test]
fn every_key_of_a_recipe_is_described_and_shown() {
    let (schema, examples) = (minilab_recipe::schema(), Example::all());
    let undescribed: Vec<_> = page::sections(&schema)
        .iter()
        .flat_map(|section| section.keys.iter().map(move |key| (section.name, key)))
        .filter(|(_, key)| key.description.is_empty())
        .map(|(section, key)| format!("{section}.{}", key.name))
        .collect();
    assert!(undescribed.is_empty(), "without a description: {undescribed:?}");
    let unshown: Vec<_> = page::sections(&schema)
        .iter()
        .filter(|section| page::IS_SHOWN.contains(&section.name))
        .flat_map(|section| section.keys.iter())
        .filter(|key| !examples.iter().any(|example| example.uses(&key.name)))
        .map(|key| key.name.clone())
        .collect();
    assert!(
        unshown.is_empty(),
        "without an example in docs/recipe/examples: {unshown:?}"
    );
}

#[test]
fn every_example_makes_the_pictures_that_are_shown_of_it() {
    let studio = Studio::open();
    let mut wrong = Vec::new();
    for example in Example::all() {
        let made = match studio.make(&example) {
            Ok(made) => made,
            Err(why) => {
                wrong.push(format!("{}: {why}", example.name));
                continue;
            }
        };
        if is_writing() {
            example.write_pictures(&made);
        }
        let shown = example.pictures();
        if shown.len() != made.len().min(example::PICTURES_MAX) {
            wrong.push(format!(
                "{}: {} pictures made, {} shown",
                example.name,
                made.len(),
                shown.len()
            ));
        }
        // Names of one size in several formats are in the order of their versions, which every build has its own of.
        let mut left: Vec<_> = made.iter().collect();
        for shown in &shown {
            let alike = left
                .iter()
                .position(|fresh| fresh.extension() == shown.extension());
            let Some(fresh) = alike.map(|at| left.remove(at)) else {
                wrong.push(format!(
                    "{}: nothing is made like {}",
                    example.name,
                    shown.display()
                ));
                continue;
            };
            if let Some(why) = difference(&studio.decoded(fresh), &studio.decoded(shown)) {
                wrong.push(format!("{}: {why}", example.name));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "run `make reference` and look at what changes:\n{}",
        wrong.join("\n")
    );
}

fn difference(fresh: &Picture, shown: &Picture) -> Option<String> {
    let sizes = [fresh.width, fresh.height, shown.width, shown.height];
    if sizes[..2] != sizes[2..] {
        return Some(format!(
            "{}x{} made, {}x{} shown",
            sizes[0], sizes[1], sizes[2], sizes[3]
        ));
    }
    let seen = |picture: &Picture| picture.on(GROUND);
    let (one, other) = (seen(fresh), seen(shown));
    if one == other {
        return None;
    }
    let slice = |pixels| {
        PixelSlice::new(
            pixels,
            fresh.width,
            fresh.height,
            fresh.width as usize * 3,
            PixelDescriptor::RGB8_SRGB,
        )
        .unwrap()
    };
    let score = compute_ssimulacra2(&slice(&one), &slice(&other)).unwrap();
    (score < SCORE_LEAST).then(|| format!("SSIMULACRA2 {score:.1} to what is shown"))
}
