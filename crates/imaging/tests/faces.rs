//! Faces of photographs, labelled by hand: found, nothing else found, and held by the crops that recipes make of them.
#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]
mod support;

use std::{collections::BTreeMap, fs, path::Path};

use minilab_recipe::{Area, Document, Face, Original, Recipe, Rect, Step};
use support::{Lab, lab};

/// By photo, from the brows to the chin and from ear to ear, as fractions: left, top, across, down.
fn labelled() -> BTreeMap<String, Vec<[f64; 4]>> {
    serde_json::from_slice(&read("../faces/tests/photos/labels.json")).unwrap()
}

/// Photographs of no person; the cat looks into the lens.
const FACELESS: &[&str] = &["cat.jpg", "coffee.png", "rocket.jpg", "clear.png"];
/// Share of a labelled face that a crop must show.
const HELD_LEAST: f64 = 0.9;

fn read(path: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn areas(labels: &[[f64; 4]]) -> Vec<Area> {
    let area = |&[x, y, width, height]: &[f64; 4]| Area { x, y, width, height };
    labels.iter().map(area).collect()
}

/// Share of one area that another shows.
fn held(one: Area, by: Area) -> f64 {
    let across = (one.x + one.width).min(by.x + by.width) - one.x.max(by.x);
    let down = (one.y + one.height).min(by.y + by.height) - one.y.max(by.y);
    across.max(0.0) * down.max(0.0) / (one.width * one.height)
}

const ZOOM: &str = "version: 1\nfrom: { folder: a }\nto: { folder: b }\nrecipes:\n  r:\n    derivatives:\n      t:\n        \
                crop: { to: face, padding: 0.2, pick: all }\n        \
                resize: { width: 200, height: 200, fit: cover, enlarge: true }\n        formats: [png]\n";

fn zoom() -> Recipe {
    let document = Document::parse("t.yaml", ZOOM, &|_| None).unwrap();
    document.recipes["r"].clone()
}

/// The faces of an original, decoded as a survey decodes it.
fn faces(lab: &Lab, bytes: &[u8]) -> Vec<Face> {
    let recipe = zoom();
    let probe = lab.probe(bytes).unwrap();
    let original = Original::new("t", probe.clone());
    let decode = recipe.foresee(&original, &recipe.survey()).unwrap();
    let decoded = lab.engine.decode(bytes, &probe, &decode).unwrap();
    decoded.faces().unwrap()
}

#[test]
fn labelled_faces_are_found_and_nothing_else_is() {
    let lab = lab();
    for (name, labels) in labelled() {
        let bytes = read(&format!("../faces/tests/photos/{name}.jpg"));
        let found = faces(&lab, &bytes);
        assert_eq!(found.len(), labels.len(), "{name}: {found:?}");
        assert!(
            found.iter().all(|face| face.area.is_inside()),
            "{name}: {found:?}"
        );
        for label in areas(&labels) {
            let seen = found
                .iter()
                .any(|face| held(label, face.area) > 0.6 && held(face.area, label) > 0.4);
            assert!(seen, "{name}: {label:?} is not among {found:?}");
        }
    }
    for name in FACELESS {
        let bytes = read(&format!("../../tests/goldens/originals/{name}"));
        let found = faces(&lab, &bytes);
        assert_eq!(found, [], "{name}");
    }
}

#[test]
fn crops_to_faces_hold_nine_tenths_of_every_labelled_face() {
    let recipe = zoom();
    let lab = lab();
    for (name, labels) in labelled() {
        let bytes = read(&format!("../faces/tests/photos/{name}.jpg"));
        let probe = lab.probe(&bytes).unwrap();
        let found = faces(&lab, &bytes);
        let mut original = Original::new(format!("{name}.jpg"), probe);
        original.findings.faces = Some(found);
        let plan = recipe.plan(&original, &recipe.lanes()).unwrap();
        let mut steps = plan.nodes.iter().flat_map(|node| &node.steps);
        let whole = plan.decode.size;
        let all = Rect {
            left: 0,
            top: 0,
            width: whole.width,
            height: whole.height,
        };
        let window = steps.find_map(|step| match step {
            Step::Extract(rect) => Some(*rect),
            _ => None,
        });
        let window = window.unwrap_or(all);
        let (across, down) = (f64::from(whole.width), f64::from(whole.height));
        let window = Area {
            x: f64::from(window.left) / across,
            y: f64::from(window.top) / down,
            width: f64::from(window.width) / across,
            height: f64::from(window.height) / down,
        };
        // A square holds a row of four only where the picture is as high as the row is wide.
        for label in areas(&labels).into_iter().filter(|_| labels.len() == 1) {
            let held = held(label, window);
            assert!(held >= HELD_LEAST, "{name}: {held:.2} of {label:?} in {window:?}");
        }
    }
}
