//! Crops to faces, measured on what the program made: where in the original its pixels lie, and how much of each labelled
//! face that shows.
//!
//! Crops of their original's own scale are cut and not resampled, so their place is where their pixels are the original's.
use std::{collections::BTreeMap, fs, path::PathBuf};

use serde_json::{Map, Value, json};

use crate::{
    lab::{self, Order},
    picture::Picture,
};

/// Share of a labelled face that a crop must show.
const HELD_LEAST: f64 = 0.9;

/// From the brows to the chin and from ear to ear, as fractions: left, top, across, down.
type Label = [f64; 4];

fn photos() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../crates/faces/tests/photos")
}

fn order(name: String, photo: &str, derivative: Value) -> Order {
    let derivatives = Map::from_iter([("made".to_owned(), derivative)]);
    Order {
        name,
        original: photos().join(format!("{photo}.jpg")),
        recipe: Map::from_iter([("derivatives".to_owned(), derivatives.into())]),
    }
}

/// A box of the whole height or width in which all labelled faces have room, with two fifths to spare.
fn cover(whole: &Picture, labels: &[Label]) -> Value {
    let span = |from: usize, length: usize| {
        let first = labels.iter().map(|label| label[from]).fold(1.0, f64::min);
        let last = labels.iter().map(|label| label[from] + label[length]);
        (last.fold(0.0, f64::max) - first).min(1.0)
    };
    let side = |share: f64, all: u32| ((share * 1.4 * f64::from(all)).ceil() as u32).min(all - 1);
    let (across, down) = (span(0, 2), span(1, 3));
    let (width, height) = if across < down {
        (side(across, whole.width), whole.height)
    } else {
        (whole.width, side(down, whole.height))
    };
    json!({ "resize": { "width": width, "height": height, "fit": "cover", "gravity": ["face"] }, "formats": ["png"] })
}

/// Left and upper edge of a part among the pixels that it was cut from.
fn place(part: &Picture, whole: &Picture) -> Option<(u32, u32)> {
    let mut places = (0..=whole.height.checked_sub(part.height)?)
        .flat_map(|top| (0..=whole.width.saturating_sub(part.width)).map(move |left| (left, top)));
    let is_there = |&(left, top): &(u32, u32)| {
        (0..part.height).all(|y| (0..part.width).all(|x| part.at(x, y) == whole.at(left + x, top + y)))
    };
    places.find(is_there)
}

/// Share of a label that lies in a part.
fn held(label: Label, (left, top): (u32, u32), part: &Picture, whole: &Picture) -> f64 {
    let along = |from: f64, length: f64, start: u32, extent: u32, all: u32| {
        let (start, all) = (f64::from(start), f64::from(all));
        let end = (start + f64::from(extent)) / all;
        ((from + length).min(end) - from.max(start / all)).max(0.0) / length
    };
    along(label[0], label[2], left, part.width, whole.width)
        * along(label[1], label[3], top, part.height, whole.height)
}

#[test]
fn crops_that_the_program_makes_hold_nine_tenths_of_every_labelled_face() {
    let labelled: BTreeMap<String, Vec<Label>> =
        serde_json::from_slice(&fs::read(photos().join("labels.json")).unwrap()).unwrap();
    let as_it_is: Vec<Order> = labelled
        .keys()
        .map(|photo| order(format!("{photo}-whole"), photo, json!({ "formats": ["png"] })))
        .collect();
    let wholes = lab::render(&as_it_is);
    let whole = |photo: &str| Picture::read(&lab::only(&wholes, &format!("{photo}-whole")));
    let orders: Vec<Order> = labelled
        .iter()
        .flat_map(|(photo, labels)| {
            let zoom = json!({ "crop": { "to": "face", "padding": 0.3, "pick": "all" }, "formats": ["png"] });
            [
                order(format!("{photo}-cover"), photo, cover(&whole(photo), labels)),
                order(format!("{photo}-crop"), photo, zoom),
            ]
        })
        .collect();
    let made = lab::render(&orders);
    let (mut faces, mut wrong) = (0, Vec::new());
    for (photo, labels) in &labelled {
        let whole = whole(photo);
        for kind in ["cover", "crop"] {
            let part = Picture::read(&lab::only(&made, &format!("{photo}-{kind}")));
            let is_part = u64::from(part.width) * u64::from(part.height)
                < u64::from(whole.width) * u64::from(whole.height);
            assert!(is_part, "the {kind} of {photo} is no crop");
            let at = place(&part, &whole);
            let at = at.unwrap_or_else(|| panic!("the {kind} of {photo} is no part of it"));
            for &label in labels {
                let held = held(label, at, &part, &whole);
                let line = format!(
                    "{photo:10} {kind:5} {:4} x {:4} at {at:?}: {held:.3}",
                    part.width, part.height
                );
                eprintln!("{line}");
                faces += 1;
                if held < HELD_LEAST {
                    wrong.push(line);
                }
            }
        }
    }
    eprintln!(
        "{faces} labelled faces in crops, {} of them held to less than {HELD_LEAST}",
        wrong.len()
    );
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
