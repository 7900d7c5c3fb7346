//! Plans as snapshots, and what each of them shows in a word.
#![allow(
    clippy::unwrap_used,
    clippy::format_push_string,
    reason = "test code outside of test functions"
)]
mod world;

use minilab_recipe::{
    Area, Document, Lane, Note, Original, Plan, Recipe, Rect, RefusalCode, Shrink, Source, Step,
};
use world::{jpeg, png, recipe, whole};

fn plan(recipe: &Recipe, original: &Original) -> Plan {
    recipe.plan(original, &Lane::ALL).unwrap()
}

/// A plan in lines.
fn lines(plan: &Plan) -> String {
    let json = |value: &dyn erased::Json| value.text();
    let mut text = format!("trunk {}\n", json(&plan.decode));
    for (index, node) in plan.nodes.iter().enumerate() {
        let size = format!("{}x{}", node.size.width, node.size.height);
        text += &format!(
            "node {index} {size} from {:?}: {}\n",
            node.from,
            json(&node.steps)
        );
    }
    for file in &plan.files {
        text += &format!(
            "file {} {} {}x{} {} from {:?} {:?}\n",
            file.lane,
            file.derivative,
            file.size.width,
            file.size.height,
            file.encoding.format(),
            file.from,
            file.notes,
        );
    }
    for skipped in &plan.skipped {
        text += &format!(
            "skipped {} {}: {}\n",
            skipped.derivative, skipped.what, skipped.reason
        );
    }
    text + &format!("analyses {:?}\npredicted {:?}\n", plan.analyses, plan.predicted)
}

mod erased {
    pub trait Json {
        fn text(&self) -> String;
    }
    impl<T: serde::Serialize> Json for T {
        fn text(&self) -> String {
            serde_json::to_string(self).unwrap()
        }
    }
}

#[test]
fn default_recipe_decodes_a_large_photo_once_at_half_size() {
    let document = Document::default_for_folders("in", "out");
    let plan = plan(&document.recipes["default"], &jpeg(6000, 4000));
    assert_eq!(plan.decode.shrink, Shrink(2));
    insta::assert_snapshot!(lines(&plan));
}

#[test]
fn small_original_gets_its_own_width_once() {
    let document = Document::default_for_folders("in", "out");
    insta::assert_snapshot!(lines(&plan(&document.recipes["default"], &jpeg(900, 600))));
    insta::assert_snapshot!(lines(&plan(&document.recipes["default"], &jpeg(200, 300))));
}

#[test]
fn fast_lane_alone_shrinks_further() {
    let document = Document::default_for_folders("in", "out");
    let plan = document.recipes["default"]
        .plan(&jpeg(6000, 4000), &[Lane::Fast])
        .unwrap();
    assert_eq!(plan.decode.shrink, Shrink(8));
    assert!(plan.files.iter().all(|file| file.derivative == "thumb"));
    assert_eq!(plan.analyses.len(), 2);
    let rest = document.recipes["default"]
        .plan(&jpeg(6000, 4000), &[Lane::Standard])
        .unwrap();
    assert_eq!(rest.analyses, []);
}

#[test]
fn geometry_runs_in_its_documented_order() {
    let recipe = recipe(
        "{ all: { extend: { all: 5 }, resize: { width: 300 }, extract: { left: 10, top: 20, width: 1200, height: 800 }, \
         trim: { padding: 4 }, flop: true, rotate: 90, formats: [png] } }",
    );
    let mut original = png(2000, 1500);
    original.findings.trims.push((
        "threshold=10".to_owned(),
        Rect {
            left: 100,
            top: 50,
            width: 1700,
            height: 1400,
        },
    ));
    insta::assert_snapshot!(lines(&plan(&recipe, &original)));
}

#[test]
fn fits_crop_pad_and_stretch() {
    let recipe = recipe(
        "{ contain: { resize: { width: 300, height: 300, fit: contain, gravity: north, background: \"#102030\" }, formats: [jpeg] }, \
           fill: { resize: { width: 300, height: 300, fit: fill }, formats: [jpeg] }, \
           outside: { resize: { width: 300, height: 300, fit: outside }, formats: [jpeg] }, \
           wide: { resize: { widths: [200, 400], aspect: 16/9, gravity: southeast }, formats: [jpeg] } }",
    );
    insta::assert_snapshot!(lines(&plan(&recipe, &jpeg(3000, 2000))));
}

#[test]
fn focal_point_wins_over_the_next_gravity_where_there_is_one() {
    let recipe = recipe(
        "{ t: { resize: { width: 100, height: 100, fit: cover, gravity: [focal, attention] }, formats: [jpeg] } }",
    );
    let mut original = jpeg(400, 200);
    let last = |plan: &Plan| plan.nodes.last().unwrap().steps.last().unwrap().clone();
    assert!(matches!(last(&plan(&recipe, &original)), Step::SmartCrop { .. }));
    original.focal = Area::from_metadata("0.9,0.5");
    let rect = Rect {
        left: 100,
        top: 0,
        width: 100,
        height: 100,
    };
    assert_eq!(last(&plan(&recipe, &original)), Step::Extract(rect));
}

#[test]
fn stored_orientation_can_be_kept() {
    let recipe = recipe("{ t: { autorotate: false, resize: { width: 100 }, formats: [jpeg] } }");
    let mut original = jpeg(400, 200);
    original.probe.orientation = 6;
    let plan = plan(&recipe, &original);
    assert_eq!((plan.files[0].size.width, plan.files[0].size.height), (100, 50));
}

#[test]
fn densities_multiply_a_size_and_drop_what_cannot_be_filled() {
    let recipe = recipe("{ t: { resize: { width: 100 }, densities: [1, 2, 3], formats: [jpeg] } }");
    let plan = plan(&recipe, &jpeg(220, 220));
    let widths: Vec<_> = plan.files.iter().map(|file| file.size.width).collect();
    assert_eq!(widths, [100, 200]);
    assert_eq!(plan.skipped[0].what, "width 300 (3x)");
}

#[test]
fn what_happened_to_a_file_is_noted() {
    let recipe = recipe("{ t: { formats: [jpeg, webp] } }");
    let mut original = png(100, 100);
    original.probe.pages = 4;
    let plan = plan(&recipe, &original);
    assert_eq!(plan.files[0].notes, [Note::FirstFrame]);
    assert_eq!(plan.files[1].notes, [Note::Flattened, Note::FirstFrame]);
    assert!(plan.files[1].flatten.is_some() && plan.files[0].flatten.is_none());
    assert!(plan.files.iter().all(|file| file.from == Source::Trunk));
}

#[test]
fn an_extract_of_a_large_photo_is_scaled_to_the_trunk() {
    let recipe = recipe(
        "{ t: { extract: { left: 1000, top: 1000, width: 2000, height: 1000 }, resize: { width: 400 }, formats: [jpeg] } }",
    );
    insta::assert_snapshot!(lines(&plan(&recipe, &jpeg(8000, 6000))));
}

#[test]
fn an_extract_stays_in_its_place_whatever_the_loader_reduces() {
    let shrink = |left: u32, width: u32| {
        let recipe = recipe(&format!(
            "{{ t: {{ extract: {{ left: {left}, top: 48, width: {width}, height: 160 }}, resize: {{ width: 51 }}, formats: [png] }} }}"
        ));
        plan(&recipe, &jpeg(480, 320)).decode.shrink
    };
    assert_eq!(shrink(104, 256), Shrink(4), "its edges are pixels of the trunk");
    assert_eq!(
        shrink(103, 255),
        Shrink(2),
        "at a quarter it would begin 0.2 and end 0.4 pixels too far"
    );
}

#[test]
fn of_an_odd_rest_around_a_contained_picture_the_larger_half_is_right_and_below() {
    let recipe = recipe("{ t: { resize: { width: 60, height: 67, fit: contain }, formats: [jpeg] } }");
    let plan = plan(&recipe, &jpeg(300, 200));
    let steps = &plan.nodes[0].steps;
    let stands = steps.iter().find_map(|step| match step {
        Step::Extend { left, top, .. } => Some((*left, *top)),
        _ => None,
    });
    assert_eq!(stands, Some((0, 13)), "of 27 rows");
}

#[test]
fn originals_over_a_limit_are_refused_with_the_limit() {
    let recipe = whole(
        "{ accept: { pixels: 1M, frames: 2, formats: [jpeg, gif] }, derivatives: { t: { formats: [jpeg] } } }",
    );
    let refused = |original: &Original| recipe.plan(original, &Lane::ALL).unwrap_err();
    insta::assert_snapshot!(refused(&jpeg(2000, 1000)));
    insta::assert_snapshot!(refused(&png(20, 10)));
    let mut animation = jpeg(20, 10);
    animation.probe.pages = 3;
    assert_eq!(refused(&animation).code, RefusalCode::TooManyFrames);
    let mut progressive = jpeg(900, 900);
    progressive.probe.whole_image = true;
    assert_eq!(refused(&progressive).code, RefusalCode::TooManyPixels);
    assert_eq!(
        recipe.accept.bytes(51 << 20).unwrap_err().code,
        RefusalCode::TooManyBytes
    );
}

#[test]
fn a_trim_that_was_not_looked_up_is_refused() {
    let recipe = recipe("{ t: { trim: true, formats: [jpeg] } }");
    let refusal = recipe.plan(&jpeg(10, 10), &Lane::ALL).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TrimUnknown);
    assert_eq!(recipe.survey().trims.len(), 1);
}
