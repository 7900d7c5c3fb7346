//! Which originals are taken by format, and what is special to drawings.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod world;

use minilab_recipe::{Format, Lane, Original, Plan, Recipe, RefusalCode, Size};
use world::{jpeg, recipe, whole};

const ONE: &str = "derivatives: { a: { resize: { width: 100 }, formats: [webp] } }";

fn of(format: Format, width: u32, height: u32) -> Original {
    let mut original = jpeg(width, height);
    original.probe.format = format;
    original.probe.whole_image = true;
    original.probe.alpha = format == Format::Svg;
    original
}

fn drawn(derivatives: &str, width: u32, height: u32) -> Plan {
    let whole = whole(&format!(
        "{{ accept: {{ formats: svg }}, derivatives: {derivatives} }}"
    ));
    whole.plan(&of(Format::Svg, width, height), &Lane::ALL).unwrap()
}

fn widths(plan: &Plan) -> Vec<u32> {
    plan.files.iter().map(|file| file.size.width).collect()
}

#[test]
fn heic_is_taken_and_others_only_on_request() {
    let recipe = whole(&format!("{{ {ONE} }}"));
    let refused = |format| {
        recipe
            .plan(&of(format, 400, 300), &Lane::ALL)
            .err()
            .map(|refusal| (refusal.code, refusal.sentence))
    };
    assert_eq!(refused(Format::Heic), None);
    for format in [Format::Jxl, Format::Svg] {
        let sentence = format!("the original is {format}, which accept.formats does not name");
        assert_eq!(refused(format), Some((RefusalCode::FormatNotAccepted, sentence)));
    }
    let asked = whole(&format!("{{ accept: {{ formats: [jxl, svg] }}, {ONE} }}"));
    for format in [Format::Jxl, Format::Svg] {
        assert!(asked.plan(&of(format, 400, 300), &Lane::ALL).is_ok());
    }
}

#[test]
fn that_heic_is_taken_makes_no_lane_stale() {
    let digest = |recipe: &Recipe| recipe.lane_digest(Lane::Standard);
    let default = whole(&format!("{{ {ONE} }}"));
    let before = whole(&format!(
        "{{ accept: {{ formats: [jpeg, png, webp, avif, gif, tiff] }}, {ONE} }}"
    ));
    assert_eq!(digest(&default), digest(&before));
    let more = whole(&format!("{{ accept: {{ formats: [jpeg, svg] }}, {ONE} }}"));
    assert_ne!(digest(&default), digest(&more));
}

#[test]
fn a_drawing_is_made_at_every_size_that_is_asked() {
    let plan = drawn(
        "{ a: { resize: { widths: [320, 640, 1280] }, formats: [webp] } }",
        48,
        32,
    );
    assert_eq!(widths(&plan), [320, 640, 1280]);
    assert!(plan.skipped.is_empty(), "{:?}", plan.skipped);
    // Drawn at the largest, the others are made from it.
    assert_eq!(
        plan.decode.size,
        Size {
            width: 1280,
            height: 853
        }
    );
    let photo = recipe("{ a: { resize: { widths: [320, 640, 1280] }, formats: [webp] } }")
        .plan(&jpeg(48, 32), &Lane::ALL)
        .unwrap();
    assert_eq!(widths(&photo), [48], "a photograph is not enlarged");
}

#[test]
fn a_large_drawing_is_drawn_no_larger_than_it_is_needed() {
    let plan = drawn("{ a: { resize: { width: 300 }, formats: [webp] } }", 6000, 4000);
    assert_eq!(plan.decode.size.width, 300);
    assert!(
        plan.predicted.memory_bytes < 40 << 20,
        "{}",
        plan.predicted.memory_bytes
    );
    // No size, so its own.
    assert_eq!(widths(&drawn("{ a: { formats: [webp] } }", 600, 400)), [600]);
    // Its own size is only a number: it is not added to a list that ends below it.
    assert_eq!(
        widths(&drawn(
            "{ a: { resize: { widths: [100, 200] }, formats: [webp] } }",
            6000,
            4000
        )),
        [100, 200]
    );
}

#[test]
fn what_two_derivatives_cut_from_a_drawing_is_drawn_large_enough_for_both() {
    let plan = drawn(
        "{ a: { resize: { width: 1000, height: 1000, fit: cover }, formats: [webp] }, \
           b: { extract: { unit: percent, width: 50, height: 50 }, resize: { width: 900 }, formats: [webp] } }",
        60,
        40,
    );
    // 1000 pixels down are 1500 across; 900 across of a half are 1800, and a fifth more to be resampled from.
    assert_eq!(plan.decode.size.width, 2160);
    assert!(plan.skipped.is_empty());
}
