//! Steps in plans: their order, their lengths at each density, where they are left out, and what they do to transparency.
#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]
mod world;

use minilab_recipe::{
    Border, Document, Effect, ExtendMode, Lane, Note, Original, Plan, Rect, Rgb, Size, Source, Step,
};
use world::{jpeg, png, recipe};

fn plan(derivatives: &str, original: &Original) -> Plan {
    recipe(derivatives).plan(original, &Lane::ALL).unwrap()
}

/// All steps between the trunk and a file.
fn way(plan: &Plan, file: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut at = plan.files[file].from;
    while let Source::Node(index) = at {
        steps.splice(0..0, plan.nodes[index].steps.iter().cloned());
        at = plan.nodes[index].from;
    }
    steps
}

fn effects(plan: &Plan, file: usize) -> Vec<Effect> {
    let effect = |step| match step {
        Step::Effect(effect) => Some(effect),
        _ => None,
    };
    way(plan, file).into_iter().filter_map(effect).collect()
}

#[test]
fn steps_run_in_the_order_written_after_all_geometry() {
    let plan = plan(
        "{ t: { steps: [ { negate: true }, { grayscale: true }, { blur: 2 } ], resize: { width: 100, height: 100, fit: cover }, \
         extend: { all: 5 }, formats: [png] } }",
        &jpeg(4000, 3000),
    );
    let way = way(&plan, 0);
    let [
        ..,
        Step::Extend { .. },
        Step::Effect(Effect::Negate),
        Step::Effect(Effect::Grayscale),
        last,
    ] = &way[..]
    else {
        panic!("{way:?}");
    };
    assert!(matches!(last, Step::Effect(Effect::Blur { .. })));
}

#[test]
fn derivatives_that_begin_alike_share_what_is_alike() {
    let plan = plan(
        "{ a: { resize: { width: 500 }, steps: [ { grayscale: true } ], formats: [png] }, \
           b: { resize: { width: 500 }, steps: [ { grayscale: true }, { negate: true } ], formats: [png] }, \
           c: { resize: { width: 900 }, formats: [png] } }",
        &jpeg(4000, 3000),
    );
    let grey = |step: &&Step| matches!(step, Step::Effect(Effect::Grayscale));
    let made = plan
        .nodes
        .iter()
        .flat_map(|node| &node.steps)
        .filter(grey)
        .count();
    assert_eq!(made, 1);
}

#[test]
fn lengths_are_those_of_a_file_of_density_one() {
    let plan = plan(
        "{ t: { resize: { width: 100 }, densities: [1, 2], formats: [png], \
           steps: [ { blur: 3 }, { pixelate: { size: 8, region: { left: 10, top: 20, width: 30, height: 40 } } }, { round: 12 } ] } }",
        &jpeg(4000, 4000),
    );
    let region = |by: u32| Rect {
        left: 10 * by,
        top: 20 * by,
        width: 30 * by,
        height: 40 * by,
    };
    for (file, by) in [(0, 1), (1, 2)] {
        assert_eq!(
            effects(&plan, file),
            [
                Effect::Blur {
                    sigma: 3.0 * f64::from(by),
                    parts: None
                },
                Effect::Pixelate {
                    size: 8 * by,
                    parts: Some(vec![region(by)])
                },
                Effect::Round {
                    radius: 12 * by,
                    background: None
                },
            ]
        );
    }
    assert_ne!(plan.files[0].canonical, plan.files[1].canonical);
}

#[test]
fn sharpening_of_what_is_made_smaller_leaves_the_rest_alone() {
    let of = |width: u32| {
        let plan = plan(
            "{ t: { resize: { width: 300, enlarge: true }, steps: [ { sharpen: { sigma: 0.7, when: downscale } } ], formats: [png] } }",
            &jpeg(width, width),
        );
        effects(&plan, 0).len()
    };
    assert_eq!([of(900), of(300), of(200)], [1, 0, 0]);
}

#[test]
fn regions_are_cut_to_the_picture_and_what_lies_outside_is_noted() {
    let of = |region: &str| {
        plan(
            &format!(
                "{{ t: {{ resize: {{ width: 100 }}, steps: [ {{ blur: {{ sigma: 5, region: {region} }} }} ], formats: [png] }} }}"
            ),
            &jpeg(400, 200),
        )
    };
    let percent = of("{ left: 50, top: 0, width: 25, height: 100, unit: percent }");
    let part = |left, top, width, height| Effect::Blur {
        sigma: 5.0,
        parts: Some(vec![Rect {
            left,
            top,
            width,
            height,
        }]),
    };
    assert_eq!(effects(&percent, 0), [part(50, 0, 25, 50)]);
    assert_eq!(
        effects(&of("{ left: 90, top: 40, width: 30, height: 30 }"), 0),
        [part(90, 40, 10, 10)]
    );
    let outside = of("{ left: 100, top: 0, width: 30, height: 30 }");
    assert_eq!(effects(&outside, 0), []);
    assert_eq!(outside.files[0].notes, [Note::RegionOutside]);
}

#[test]
fn round_corners_make_a_picture_transparent_and_a_colour_under_them_does_not() {
    let notes = |steps: &str, original: &Original| {
        let plan = plan(
            &format!("{{ t: {{ steps: {steps}, formats: [jpeg, png] }} }}"),
            original,
        );
        plan.files
            .iter()
            .map(|file| (file.flatten, file.notes.clone()))
            .collect::<Vec<_>>()
    };
    let white = Some(Rgb([255; 3]));
    let flattened = (white, vec![Note::Flattened]);
    let plain = (None, Vec::new());
    let opaque = jpeg(100, 100);
    assert_eq!(
        notes("[ { round: max } ]", &opaque),
        [flattened.clone(), plain.clone()]
    );
    assert_eq!(
        notes("[ { round: { radius: 5, background: white } } ]", &opaque),
        [plain.clone(), plain.clone()]
    );
    assert_eq!(
        notes("[ { round: 5 }, { flatten: \"#123\" } ]", &opaque),
        [plain.clone(), plain.clone()]
    );
    assert_eq!(
        notes("[ { flatten: \"#123\" } ]", &png(100, 100)),
        [plain.clone(), plain]
    );
    let rounded = notes("[ { flatten: \"#123\" }, { round: 5 } ]", &png(100, 100));
    assert_eq!(rounded[0], flattened);
}

#[test]
fn radius_is_pixels_percent_or_as_far_as_it_goes() {
    let of = |radius: &str| {
        let plan = plan(
            &format!(
                "{{ t: {{ resize: {{ width: 200 }}, steps: [ {{ round: {radius} }} ], formats: [png] }} }}"
            ),
            &jpeg(400, 200),
        );
        match effects(&plan, 0)[..] {
            [Effect::Round { radius, .. }] => radius,
            ref others => panic!("{others:?}"),
        }
    };
    assert_eq!(["7", "10%", "max", "5000"].map(of), [7, 10, 50, 50]);
}

#[test]
fn border_inside_keeps_the_size_and_outside_adds_to_it() {
    let of = |mode: &str, width: u32| {
        plan(
            &format!(
                "{{ t: {{ resize: {{ width: 100 }}, densities: [2], border: {{ width: {width}, colour: black, mode: {mode} }}, formats: [png] }} }}"
            ),
            &jpeg(1000, 500),
        )
    };
    let size = |plan: &Plan| (plan.files[0].size.width, plan.files[0].size.height);
    let (inside, outside) = (of("inside", 3), of("outside", 3));
    assert_eq!((size(&inside), size(&outside)), ((200, 100), (212, 112)));
    let [.., last] = &way(&outside, 0)[..] else {
        panic!()
    };
    assert_eq!(
        *last,
        Step::Extend {
            size: Size {
                width: 212,
                height: 112
            },
            left: 6,
            top: 6,
            mode: ExtendMode::Background(Rgb([0; 3])),
        }
    );
    let wide = of("inside", 40);
    assert_eq!(wide.files[0].notes, [Note::BorderNarrowed]);
    assert_eq!(size(&wide), (200, 100));
}

#[test]
fn border_belongs_to_the_geometry_and_is_a_step_as_well() {
    let text = "{ t: { border: { width: 2, colour: black }, steps: [ { negate: true }, { border: { width: 1, colour: white } } ], formats: [png] } }";
    let recipe = recipe(text);
    let steps = &recipe.derivatives()[0].steps;
    let border = |width, colour| {
        minilab_recipe::AskedStep::Border(Border {
            width,
            colour: Rgb([colour; 3]),
            outside: false,
        })
    };
    assert_eq!((&steps[0], &steps[2]), (&border(2, 0), &border(1, 255)));
}

#[test]
fn steps_are_what_files_depend_on_and_recipes_without_them_are_as_before() {
    let canonical = |steps: &str| {
        let plan = plan(
            &format!("{{ t: {{ resize: {{ width: 100 }}, {steps} formats: [png] }} }}"),
            &jpeg(400, 200),
        );
        plan.files[0].canonical.clone()
    };
    assert_eq!(canonical(""), canonical("steps: [],"));
    assert_ne!(canonical(""), canonical("steps: [ { blur: 1 } ],"));
    assert_ne!(
        canonical("steps: [ { blur: 1 } ],"),
        canonical("steps: [ { blur: 2 } ],")
    );
    let json = serde_json::to_value(recipe("{ t: { formats: [png] } }")).unwrap();
    assert!(json["derivatives"][0].get("steps").is_none());
}

#[test]
fn strong_effects_cost_more() {
    let cost = |steps: &str| {
        plan(
            &format!("{{ t: {{ resize: {{ width: 2000 }}, steps: {steps}, formats: [webp] }} }}"),
            &jpeg(4000, 4000),
        )
        .predicted
        .cpu_ms
    };
    let (none, weak, strong) = (cost("[]"), cost("[ { blur: 1 } ]"), cost("[ { blur: 50 } ]"));
    assert!(none < weak && weak < strong, "{none} {weak} {strong}");
}

#[test]
fn mistakes_in_steps_are_told_at_once() {
    let text = r##"version: 1
from: { folder: in }
to: { folder: out }
recipes:
  r:
    derivatives:
      t:
        formats: [png]
        border: { width: 0, color: black }
        steps:
          - { blurr: 3 }
          - { blur: 3, negate: true }
          - {}
          - grayscale
          - { grayscale: yes }
          - { modulate: { brightness: 1 } }
          - { modulate: { brightnes: 2 } }
          - { linear: {} }
          - { linear: { a: [1, 2] } }
          - { duotone: ["#000"] }
          - { normalise: { lower: 60, upper: 40 } }
          - { recomb: [[1, 0, 0], [0, 1]] }
          - { convolve: { width: 3, kernel: [1, 2, 3, 4] } }
          - { blur: 0 }
          - { blur: { region: { width: 10 } } }
          - { pixelate: { size: 8, region: { left: 50, width: 60, height: 10, unit: percent } } }
          - { sharpen: { sigma: 1, when: upscale } }
          - { round: 60% }
          - { round: maximum }
"##;
    let Err(diagnostics) = Document::parse("minilab.yaml", text, &|_| None) else {
        panic!("it is full of mistakes");
    };
    insta::assert_snapshot!(diagnostics.render());
}
