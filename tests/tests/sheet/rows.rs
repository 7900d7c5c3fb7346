//! What is on the sheet: two pictures, and how far they are apart.
use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    case, decoded,
    distance::{Distance, between},
    example::Example,
    lab::{self, Order},
    picture::Picture,
    studio::Studio,
};

/// One case or example.
pub struct Row {
    pub name: String,
    pub made: Picture,
    pub beside: Picture,
    pub distance: Distance,
    /// Is it other than its reference for a stated reason?
    pub excused: bool,
}

/// Every case of the goldens, beside what sharp made.
pub fn of_cases() -> Vec<Row> {
    let cases = case::all();
    let orders: Vec<Order> = cases.iter().map(case::Case::order).collect();
    let made = lab::render(&orders);
    let ours: BTreeMap<&str, Vec<u8>> = cases
        .iter()
        .map(|case| (case.name.as_str(), lab::only(&made, &case.name)))
        .collect();
    let mut pairs = decoded::pairs(&cases, &ours);
    let row = |case: &case::Case| {
        let (made, beside) = pairs.remove(&case.name).unwrap();
        Row {
            name: case.name.clone(),
            distance: between(&made, &beside).unwrap(),
            made,
            beside,
            excused: !case.because.is_empty(),
        }
    };
    cases.iter().map(row).collect()
}

/// Every example of the reference, beside the same recipe without loss; and those that make no file of their original.
pub fn of_examples() -> (Vec<Row>, Vec<String>) {
    let studio = Studio::open();
    let picture = |example: &Example| {
        let made = studio.files(example).unwrap();
        let is_own = |path: &&PathBuf| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("shown-"))
        };
        made.iter().find(is_own).map(|path| studio.decoded(path))
    };
    let (mut rows, mut without) = (Vec::new(), Vec::new());
    for example in Example::all() {
        let (Some(made), Some(beside)) = (picture(&example), picture(&exact(&example))) else {
            without.push(example.name);
            continue;
        };
        rows.push(Row {
            distance: between(&made, &beside).unwrap(),
            name: example.name,
            made,
            beside,
            excused: false,
        });
    }
    (rows, without)
}

/// The same recipe, as PNG.
fn exact(example: &Example) -> Example {
    let keys = [
        "formats:",
        "encodings:",
        "target:",
        "max_bytes:",
        "quality:",
        "keep_smaller:",
    ];
    let mut kept = Vec::new();
    let mut drops = false;
    for line in example.derivative.lines() {
        // What is indented belongs to the key before.
        if !line.starts_with(' ') {
            drops = keys.iter().any(|key| line.starts_with(key));
        }
        if !drops {
            kept.push(line);
        }
    }
    kept.push("formats: [png]");
    Example {
        name: format!("{}-exact", example.name),
        sentence: String::new(),
        original: example.original.clone(),
        recipe: example.recipe.clone(),
        derivative: kept.join("\n"),
    }
}
