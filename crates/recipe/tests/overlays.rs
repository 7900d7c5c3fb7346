//! Overlays from the document to the plan: what is read and refused, where they lie at each size, and what files depend on.
#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]
mod world;

use minilab_recipe::{
    Asset, AssetName, AssetState, Blend, Caption, Composite, Document, Lane, Laying, Note, Original, Picture,
    Plan, Recipe, Step,
};
use world::{jpeg, png};

fn text(derivatives: &str) -> String {
    format!(
        "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nstores: {{ brand: {{ folder: brand }} }}\nrecipes:\n  r: {{ derivatives: {derivatives} }}\n"
    )
}

fn recipe(derivatives: &str) -> Recipe {
    match Document::parse("test.yaml", &text(derivatives), &|_| None) {
        Ok(document) => document.recipes["r"].clone(),
        Err(diagnostics) => panic!("{}", diagnostics.render()),
    }
}

fn complaints(derivatives: &str) -> String {
    match Document::parse("minilab.yaml", &text(derivatives), &|_| None) {
        Ok(_) => "fine".to_owned(),
        Err(diagnostics) => diagnostics.render(),
    }
}

fn logo() -> AssetName {
    AssetName {
        store: "brand".to_owned(),
        key: "logo.png".to_owned(),
    }
}

fn found(sha256: &str) -> Asset {
    let state = AssetState::Found {
        sha256: sha256.to_owned(),
        bytes: 100,
    };
    Asset { name: logo(), state }
}

fn with_logo(mut original: Original, sha256: &str) -> Original {
    original.assets.push(found(sha256));
    original
}

fn plan(recipe: &Recipe, original: &Original) -> Plan {
    recipe.plan(original, &Lane::ALL).unwrap()
}

fn steps(plan: &Plan) -> Vec<&Step> {
    plan.nodes.iter().flat_map(|node| &node.steps).collect()
}

fn composites(plan: &Plan) -> Vec<&Composite> {
    let all = steps(plan).into_iter();
    all.filter_map(|step| match step {
        Step::Composite(composite) => Some(composite),
        _ => None,
    })
    .collect()
}

fn captions(plan: &Plan) -> Vec<&Caption> {
    let all = steps(plan).into_iter();
    all.filter_map(|step| match step {
        Step::Text(caption) => Some(caption),
        _ => None,
    })
    .collect()
}

const STAMPED: &str = "{ t: { resize: { width: 1000 }, formats: [jpeg], steps: [ { composite: { image: { store: brand, key: logo.png }, \
                       gravity: southeast, width: \"20%\", margin: \"2%\", opacity: 0.5, blend: multiply } } ] } }";

#[test]
fn shares_of_a_file_become_pixels() {
    let plan = plan(&recipe(STAMPED), &with_logo(jpeg(4000, 2000), "aa"));
    let laying = Laying {
        across: 1.0,
        down: 1.0,
        // Two hundredths of the shorter side, inwards.
        left: -10,
        top: -10,
        angle: 0.0,
        tile: None,
        opacity: 0.5,
        blend: Blend::Multiply,
    };
    let expected = Composite {
        picture: Picture::Sha256("aa".to_owned()),
        width: Some(200),
        height: None,
        scale: 1.0,
        laying,
    };
    assert_eq!(composites(&plan), [&expected]);
    assert_eq!(plan.assets, [found("aa")]);
    assert_eq!(plan.assets_of(&plan.files[0]), [&found("aa")]);
}

#[test]
fn lengths_and_canvases_are_those_of_density_one() {
    let recipe = recipe(
        "{ t: { resize: { width: 100 }, densities: [1, 2], formats: [png], steps: [ \
         { composite: { image: { store: brand, key: logo.png }, left: 7, top: -3, width: 30 } }, \
         { composite: { image: { store: brand, key: logo.png }, min_canvas: [101, 1] } }, \
         { text: { value: a, size: 10, max_width: 50, gravity: north, margin: 4, outline: { width: 2, colour: black } } } ] } }",
    );
    let plan = plan(&recipe, &with_logo(jpeg(4000, 4000), "aa"));
    let sizes: Vec<_> = composites(&plan)
        .iter()
        .map(|c| (c.width, c.laying.left, c.laying.top))
        .collect();
    assert_eq!(sizes, [(Some(60), 14, -6), (Some(30), 7, -3)]);
    let captions: Vec<_> = captions(&plan)
        .iter()
        .map(|c| (c.size, c.max_width, c.laying.top, c.outline.unwrap().width))
        .collect();
    assert_eq!(captions, [(20.0, 100, 8, 4.0), (10.0, 50, 4, 2.0)]);
    // Without a gravity, left and top are distances from the corner.
    assert!(
        composites(&plan)
            .iter()
            .all(|c| (c.laying.across, c.laying.down) == (0.0, 0.0))
    );
}

#[test]
fn a_file_below_the_least_canvas_does_without() {
    let recipe = recipe(
        "{ t: { resize: { widths: [300, 301] }, formats: [png], steps: [ \
         { composite: { image: { store: brand, key: logo.png }, min_canvas: [301, 100] } } ] } }",
    );
    let plan = plan(&recipe, &with_logo(jpeg(3000, 3000), "aa"));
    let stamped: Vec<_> = plan
        .files
        .iter()
        .map(|file| (file.size.width, plan.assets_of(file).len()))
        .collect();
    assert_eq!(stamped, [(300, 0), (301, 1)]);
}

#[test]
fn files_depend_on_the_content_of_pictures_and_on_what_is_written() {
    let stamped = recipe(STAMPED);
    let canonical = |sha256: &str| {
        plan(&stamped, &with_logo(jpeg(4000, 2000), sha256)).files[0]
            .canonical
            .clone()
    };
    assert_eq!(canonical("aa"), canonical("aa"));
    assert_ne!(canonical("aa"), canonical("bb"));

    let written = recipe(
        "{ t: { formats: [png], steps: [ { text: { value: \"{meta.copyright} {meta.year}\" } } ] }, u: { formats: [jpeg] } }",
    );
    assert_eq!(written.reads(), ["copyright", "year"]);
    let fingerprint = |file: usize, year: &str| {
        let mut original = jpeg(100, 100);
        original.metadata.insert("copyright".to_owned(), "A".to_owned());
        original.metadata.insert("year".to_owned(), year.to_owned());
        let plan = plan(&written, &original);
        written.fingerprint(&plan.files[file], "sha", &original.metadata)
    };
    let names: Vec<_> = plan(&written, &jpeg(100, 100))
        .files
        .iter()
        .map(|f| f.derivative.clone())
        .collect();
    let (text, other) = if names[0] == "t" { (0, 1) } else { (1, 0) };
    assert_ne!(fingerprint(text, "2025"), fingerprint(text, "2026"));
    assert_eq!(fingerprint(other, "2025"), fingerprint(other, "2026"));
}

#[test]
fn a_picture_that_is_not_there_is_a_reason_of_the_files_that_need_it_alone() {
    let recipe = recipe(&STAMPED.replace("{ t:", "{ plain: { resize: { width: 500 }, formats: [jpeg] }, t:"));
    let mut original = jpeg(4000, 2000);
    original.assets.push(Asset {
        name: logo(),
        state: AssetState::Absent {
            code: "asset_missing".to_owned(),
            sentence: "it is gone".to_owned(),
        },
    });
    let gone = plan(&recipe, &original);
    let lacking: Vec<_> = gone
        .files
        .iter()
        .map(|file| (file.derivative.as_str(), gone.lacking(file)))
        .collect();
    assert_eq!(
        lacking,
        [("plain", None), ("t", Some(("asset_missing", "it is gone")))]
    );
    // Whoever forgets to look them up is told so.
    let unknown = plan(&recipe, &jpeg(4000, 2000));
    assert_eq!(unknown.lacking(&unknown.files[1]).unwrap().0, "asset_unknown");
}

#[test]
fn text_for_which_a_value_is_missing_is_replaced_or_left_out_with_a_note() {
    let with = |more: &str| {
        let recipe = recipe(&format!(
            "{{ t: {{ formats: [png], steps: [ {{ text: {{ value: \"(c) {{meta.copyright}}\" {more} }} }} ] }} }}"
        ));
        plan(&recipe, &jpeg(100, 100))
    };
    let replaced = with(", missing: \"all rights reserved\"");
    assert_eq!(captions(&replaced)[0].text, "all rights reserved");
    assert_eq!(replaced.files[0].notes, []);
    let left_out = with("");
    assert!(captions(&left_out).is_empty());
    assert_eq!(left_out.files[0].notes, [Note::TextLeftOut]);
}

#[test]
fn what_cuts_makes_a_file_transparent_and_is_flattened_where_the_format_needs_it() {
    let flattened = |step: &str, original: &Original| {
        let recipe = recipe(&format!("{{ t: {{ formats: [jpeg, png], steps: [ {step} ] }} }}"));
        let plan = plan(&recipe, &with_logo(original.clone(), "aa"));
        plan.files
            .iter()
            .map(|file| file.notes.contains(&Note::Flattened))
            .collect::<Vec<_>>()
    };
    let image = "image: { store: brand, key: logo.png }";
    let opaque = jpeg(100, 100);
    assert_eq!(
        flattened(&format!("{{ composite: {{ {image} }} }}"), &opaque),
        [false, false]
    );
    assert_eq!(
        flattened(
            &format!("{{ composite: {{ {image}, blend: dest-in }} }}"),
            &opaque
        ),
        [true, false]
    );
    assert_eq!(
        flattened(&format!("{{ mask: {{ {image} }} }}"), &opaque),
        [true, false]
    );
    assert_eq!(
        flattened(&format!("{{ composite: {{ {image} }} }}"), &png(100, 100)),
        [true, false]
    );
}

#[test]
fn mistakes_in_overlays_are_told_with_what_is_allowed() {
    let image = "image: { store: brand, key: logo.png }";
    let cases = [
        (
            "composite: { image: { store: brnd, key: logo.png } }".to_owned(),
            "there is no store \"brnd\"",
            "did you mean \"brand\"",
        ),
        (
            "composite: { image: { store: brand, key: ../logo.png } }".to_owned(),
            "\"../logo.png\" is no key",
            "single slashes",
        ),
        (
            "composite: { gravity: north }".to_owned(),
            "composite lacks \"image\"",
            "",
        ),
        (
            format!("composite: {{ {image}, gravity: attention }}"),
            "\"attention\" is not allowed here",
            "southeast",
        ),
        (
            format!("composite: {{ {image}, width: \"120%\" }}"),
            "\"120%\" is not allowed here",
            "100%",
        ),
        (
            format!("composite: {{ {image}, blend: multply }}"),
            "\"multply\" is not allowed here",
            "did you mean \"multiply\"",
        ),
        (
            format!("composite: {{ {image}, gap: 3 }}"),
            "there are no tiles to keep apart",
            "tile: true",
        ),
        (
            format!("composite: {{ {image}, margin: 3 }}"),
            "the middle has none",
            "name a gravity",
        ),
        (
            format!("composite: {{ {image}, opacity: 0 }}"),
            "with opacity 0 nothing is seen",
            "1 is opaque",
        ),
        (
            format!("composite: {{ {image}, min_canvas: [3] }}"),
            "a canvas has a width and a height",
            "[300, 200]",
        ),
        (
            "text: { value: \"{exif}\" }".to_owned(),
            "names {exif}, which there is not",
            "{meta.NAME}",
        ),
        (
            "text: { value: a, font: helvetica }".to_owned(),
            "\"helvetica\" is not allowed here",
            "mono, sans, sans-bold, serif, serif-bold",
        ),
        (
            "text: { value: a, color: white }".to_owned(),
            "text has no key \"color\"",
            "did you mean \"colour\"",
        ),
        ("text: { font: sans }".to_owned(), "text lacks \"value\"", ""),
        (
            "text: { value: \" \" }".to_owned(),
            "this text cannot be written",
            "1 to 500 characters",
        ),
        (
            "mask: { image: logo.png }".to_owned(),
            "image must be a mapping",
            "",
        ),
    ];
    for (step, message, help) in cases {
        let told = complaints(&format!("{{ t: {{ formats: [png], steps: [ {{ {step} }} ] }} }}"));
        // Long lines are folded.
        let told = told
            .split_whitespace()
            .filter(|word| *word != "│")
            .collect::<Vec<_>>()
            .join(" ");
        assert!(told.contains(message) && told.contains(help), "{step}: {told}");
    }
}

#[test]
fn more_pictures_than_travel_with_a_plan_are_refused() {
    let steps: Vec<String> = (0..17)
        .map(|n| format!("{{ composite: {{ image: {{ store: brand, key: {n}.png }} }} }}"))
        .collect();
    let told = complaints(&format!(
        "{{ t: {{ formats: [png], steps: [ {} ] }} }}",
        steps.join(", ")
    ));
    assert!(told.contains("names 17 pictures, more than 16"), "{told}");
}

#[test]
fn a_plan_with_overlays_survives_the_way_to_a_renderer() {
    let recipe = recipe(
        "{ t: { formats: [png], steps: [ { composite: { image: { store: brand, key: logo.png }, tile: true, gap: 4, angle: 30 } }, \
         { mask: { image: { store: brand, key: logo.png }, invert: true } }, \
         { text: { value: \"a\", background: { colour: black, opacity: 0.5, padding: 4 } } } ] } }",
    );
    let plan = plan(&recipe, &with_logo(jpeg(100, 100), "aa"));
    let back: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
    assert_eq!(back, plan);
}
