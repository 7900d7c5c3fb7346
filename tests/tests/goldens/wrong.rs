//! The negative control: results that are wrong on purpose are told from right ones by the thresholds.
use std::fs;

use crate::{
    case::{self, Case},
    decoded,
    distance::between,
    lab,
    picture::Picture,
};

#[test]
fn wrong_recipes_are_rejected() {
    let mut orders = Vec::new();
    let mut expected = Vec::new();
    let cases = case::all();
    for case in &cases {
        for (index, (what, change)) in case.wrong.iter().enumerate() {
            let name = format!("{}-wrong-{index}", case.name);
            orders.push(case.changed(&name, change));
            expected.push((name, what, case));
        }
    }
    let made = lab::render(&orders);
    let mut passed = Vec::new();
    let (world, mut encoded) = (tempfile::tempdir().unwrap(), Vec::new());
    for (name, _, case) in &expected {
        let ending = case.reference().extension().unwrap().to_str().unwrap().to_owned();
        let path = world.path().join(format!("{name}.{ending}"));
        fs::write(&path, lab::only(&made, name)).unwrap();
        encoded.push((name.clone(), path, case.frames));
        encoded.push((format!("{name}-reference"), case.reference(), case.frames));
    }
    let pictures = decoded::pictures(&encoded);
    for (name, what, case) in &expected {
        let verdict = between(&pictures[name], &pictures[&format!("{name}-reference")]);
        match verdict {
            Ok(distance) if case.threshold().accepts(distance) => {
                passed.push(format!("{}: {what}: {distance:?}", case.name));
            }
            Ok(distance) => eprintln!("{:26} {what}: {:.2}, {}", case.name, distance.score, distance.max),
            Err(unlike) => eprintln!("{:26} {what}: {unlike}", case.name),
        }
    }
    assert!(passed.is_empty(), "passed for right:\n{}", passed.join("\n"));
}

#[test]
fn half_a_pixel_is_rejected_everywhere() {
    rejected_everywhere("half a pixel", |picture| {
        picture.map(|x, y| {
            let (here, next) = (picture.at(x, y), picture.at((x + 1).min(picture.width - 1), y));
            [0, 1, 2, 3].map(|band| u8::midpoint(here[band], next[band]))
        })
    });
}

#[test]
fn a_missing_gamma_is_rejected_everywhere() {
    rejected_everywhere("a gamma of 2.2 too much", |picture| {
        picture.map(|x, y| {
            let [samples @ .., alpha] = picture.at(x, y);
            let [red, green, blue] =
                samples.map(|sample| ((f64::from(sample) / 255.0).powf(2.2) * 255.0).round() as u8);
            [red, green, blue, alpha]
        })
    });
}

/// References spoilt in one way, judged by their cases' thresholds.
fn rejected_everywhere(what: &str, spoil: impl Fn(&Picture) -> Picture) {
    let cases: Vec<Case> = case::all()
        .into_iter()
        .filter(|case| case.reference().extension().is_some_and(|e| e == "png"))
        .collect();
    let mut passed = Vec::new();
    for case in &cases {
        let right = Picture::read(&fs::read(case.reference()).unwrap());
        let distance = between(&spoil(&right), &right).expect("sizes and profiles are equal");
        if case.threshold().accepts(distance) {
            passed.push(format!("{}: {distance:?}", case.name));
        }
    }
    eprintln!(
        "{what}: {} of {} rejected",
        cases.len() - passed.len(),
        cases.len()
    );
    assert!(
        passed.is_empty(),
        "{what} passed for right:\n{}",
        passed.join("\n")
    );
}
