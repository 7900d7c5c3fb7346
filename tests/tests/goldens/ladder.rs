//! A chain of levels against resizing directly: every width of the default ladder, on large photographs.
//!
//! The chain is what an upload gets: one decode with the loader's reduction, each width from the next larger level. Direct
//! is what nobody would pay for: the whole picture resampled once for each width.
use std::{
    fs,
    path::{Path, PathBuf},
};

use minilab_recipe::{DEFAULT_RECIPE, Document};
use serde_json::{Map, Value, json};

use crate::{
    distance::between,
    lab::{self, Order},
    picture::Picture,
};

/// A sharp bird on a blurred ground, a furry animal, macro; where there is no Debian: stars and a rocket.
const PHOTOS: [&str; 5] = [
    "Kleiber_by_Lukas_Baubkus.jpg",
    "Fossa_by_Jasper_Roks.jpg",
    "LadyBird.jpg",
    "hubble_deep_field.jpg",
    "rocket.jpg",
];

/// Above 90 nobody sees a difference; what is lower here is the loader's reduction, which averages pixels where a direct
/// resize weighs them: the bird's feathers at the two largest widths, where the reduction leaves the least to resample.
const LEAST_SCORE: f64 = 85.0;
const GREATEST_DIFFERENCE: u8 = 80;

/// Five is what the small photographs outside of Debian have.
const WIDTHS_COMPARED_MIN: usize = 5;

#[test]
fn every_width_of_the_default_ladder_is_near_a_direct_resize() {
    let world = tempfile::tempdir().unwrap();
    let widths = default_widths();
    let (mut compared, mut far) = (0, Vec::new());
    for photo in photos() {
        let stem = photo.file_stem().unwrap().to_str().unwrap().to_owned();
        let chained = lab::render(&[order("photo", &photo, &json!({ "widths": widths }))]);
        let whole = world.path().join(format!("{stem}.png"));
        fs::write(
            &whole,
            lab::only(&lab::render(&[Order::as_png("whole", &photo)]), "whole"),
        )
        .unwrap();
        let made = &chained["photo"];
        let orders: Vec<Order> = made
            .iter()
            .map(|file| {
                order(
                    &format!("w{}", file.width),
                    &whole,
                    &json!({ "width": file.width }),
                )
            })
            .collect();
        let direct = lab::render(&orders);
        for (file, order) in made.iter().zip(&orders) {
            let (chain, direct) = (
                Picture::read(&file.bytes),
                Picture::read(&lab::only(&direct, &order.name)),
            );
            let distance =
                between(&chain, &direct).unwrap_or_else(|unlike| panic!("{stem} {}: {unlike}", file.width));
            let line = format!(
                "{stem:28} {:5} {:7.2} {:4}",
                file.width, distance.score, distance.max
            );
            eprintln!("{line}");
            compared += 1;
            if distance.score < LEAST_SCORE || distance.max > GREATEST_DIFFERENCE {
                far.push(line);
            }
        }
    }
    eprintln!("{compared} widths: score at least {LEAST_SCORE}, difference at most {GREATEST_DIFFERENCE}");
    assert!(
        compared >= WIDTHS_COMPARED_MIN,
        "only {compared} widths: the photographs are too small"
    );
    assert!(far.is_empty(), "far from a direct resize:\n{}", far.join("\n"));
}

/// What `make photos` fetched of them.
fn photos() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.deps/photos");
    let photos: Vec<_> = PHOTOS
        .iter()
        .map(|name| folder.join(name))
        .filter(|path| path.is_file())
        .collect();
    assert!(
        !photos.is_empty(),
        "{} holds none of them: run `make photos`",
        folder.display()
    );
    photos
}

fn default_widths() -> Vec<u32> {
    let document = Document::default_for_folders("in", "out");
    let mut widths: Vec<u32> = document
        .recipe("default")
        .unwrap()
        .rungs()
        .iter()
        .filter(|rung| rung.derivative == "photo")
        .filter_map(|rung| rung.width)
        .collect();
    widths.sort_unstable();
    widths.dedup();
    assert!(widths.len() >= 5, "the ladder of\n{DEFAULT_RECIPE}");
    widths
}

fn order(name: &str, original: &Path, resize: &Value) -> Order {
    let derivatives = json!({ "made": { "resize": resize, "formats": ["png"], "encodings": { "png": { "compression": 1 } } } });
    Order {
        name: name.to_owned(),
        original: original.to_owned(),
        recipe: Map::from_iter([("derivatives".to_owned(), derivatives)]),
    }
}
