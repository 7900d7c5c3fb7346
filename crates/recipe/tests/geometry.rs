//! Geometry that a picture's own content or light decides: shapes without a size, grounds, margins of trims, mixing of light.
#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]
mod world;

use minilab_recipe::{Document, ExtendMode, Lane, Note, Original, Plan, Rect, Shrink, Step};
use world::{jpeg, png, recipe};

fn plan(derivative: &str, original: &Original) -> Plan {
    recipe(&format!("{{ t: {derivative} }}"))
        .plan(original, &Lane::ALL)
        .unwrap()
}

fn sizes(plan: &Plan) -> Vec<(u32, u32)> {
    plan.files
        .iter()
        .map(|file| (file.size.width, file.size.height))
        .collect()
}

fn steps(plan: &Plan) -> Vec<&Step> {
    plan.nodes.iter().flat_map(|node| &node.steps).collect()
}

#[test]
fn an_aspect_alone_keeps_the_largest_part_of_that_shape() {
    let cut = plan(
        "{ resize: { aspect: 16/9, gravity: north }, formats: [webp] }",
        &jpeg(3000, 2000),
    );
    assert_eq!(sizes(&cut), [(3000, 1688)]);
    let part = Rect {
        left: 0,
        top: 0,
        width: 3000,
        height: 1688,
    };
    assert_eq!(steps(&cut), [&Step::Extract(part)]);
    let padded = plan(
        "{ resize: { aspect: 1/1, fit: contain }, formats: [webp] }",
        &jpeg(300, 200),
    );
    assert_eq!(sizes(&padded), [(300, 300)]);
    let tall = plan(
        "{ resize: { aspect: 1/2, gravity: attention }, formats: [webp] }",
        &jpeg(300, 200),
    );
    assert_eq!(sizes(&tall), [(100, 200)]);
}

#[test]
fn what_has_no_effect_on_a_shape_alone_is_a_mistake() {
    let text = "version: 1\nfrom: { folder: in }\nto: { folder: out }\nrecipes: { r: { derivatives: { t: { \
                resize: { aspect: 1/1, enlarge: true, fit: inside }, densities: [2], formats: [png] } } } }\n";
    let Err(diagnostics) = Document::parse("minilab.yaml", text, &|_| None) else {
        panic!("three options have no effect");
    };
    assert_eq!(diagnostics.problems().len(), 3, "{}", diagnostics.render());
}

#[test]
fn the_rest_of_a_box_and_a_border_may_be_filled_by_the_picture_itself() {
    for (word, mode) in [("blur", ExtendMode::Blur), ("auto", ExtendMode::Auto)] {
        let fills = |step: &&Step| matches!(step, Step::Extend { mode: other, .. } if *other == mode);
        let boxed = format!(
            "{{ resize: {{ width: 90, height: 90, fit: contain, background: {word} }}, formats: [jpeg] }}"
        );
        let boxed = plan(&boxed, &jpeg(300, 200));
        assert_eq!(steps(&boxed).into_iter().filter(fills).count(), 1);
        assert_eq!(boxed.files[0].notes, []);
        let bordered = format!("{{ extend: {{ all: 9, background: {word} }}, formats: [jpeg] }}");
        let bordered = plan(&bordered, &jpeg(300, 200));
        assert_eq!(steps(&bordered).into_iter().filter(fills).count(), 1);
    }
    let clear =
        "{ resize: { width: 90, height: 90, fit: contain, background: transparent }, formats: [jpeg] }";
    assert_eq!(plan(clear, &jpeg(300, 200)).files[0].notes, [Note::Flattened]);
}

#[test]
fn a_margin_of_a_trim_is_pixels_or_percent_of_the_shorter_side() {
    let kept = |padding: &str| {
        let mut original = png(1000, 400);
        let found = Rect {
            left: 100,
            top: 100,
            width: 500,
            height: 200,
        };
        original.findings.trims.push(("threshold=10".to_owned(), found));
        sizes(&plan(
            &format!("{{ trim: {{ padding: {padding} }}, formats: [png] }}"),
            &original,
        ))
    };
    assert_eq!(kept("8"), [(516, 216)]);
    assert_eq!(kept("2%"), [(516, 216)]);
    assert_eq!(kept("0"), [(500, 200)]);
}

#[test]
fn light_is_mixed_from_whole_pixels_and_not_from_levels_of_another_kind() {
    let mixed = recipe(
        "{ big: { resize: { width: 2000 }, formats: [webp] }, small: { resize: { width: 200, linear: true }, formats: [webp] } }",
    );
    let plan = mixed.plan(&jpeg(4000, 3000), &Lane::ALL).unwrap();
    assert_eq!(plan.decode.shrink, Shrink(1));
    assert_eq!((plan.decode.size.width, plan.nodes.len()), (4000, 2));
    let linear = |step: &&Step| matches!(step, Step::Resize { linear: true, .. });
    assert_eq!(steps(&plan).into_iter().filter(linear).count(), 1);
    let stored = serde_json::to_value(recipe("{ t: { resize: { width: 20 }, formats: [png] } }")).unwrap();
    let resize = &stored["derivatives"][0]["resize"];
    assert!(resize.get("linear").is_none() && resize.get("shape").is_none());
}
