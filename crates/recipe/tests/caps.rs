//! What no recipe gets: originals beyond the installation's limits, and files beyond the caps of a plan.
#![allow(clippy::unwrap_used, reason = "a failed expectation of a test")]
mod world;

use minilab_recipe::{Accept, Document, FILES_MAX, Lane, OUTPUT_PIXELS_MAX, OUTPUT_SIDE_MAX, RefusalCode};
use world::{jpeg, recipe, whole};

fn complaints(accept: &str) -> Option<String> {
    within("", accept).err().map(|found| found.render())
}

/// A document with these limits, and a recipe that takes less.
fn within(limits: &str, accept: &str) -> Result<Document, minilab_recipe::Diagnostics> {
    let text = format!(
        "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nlimits: {{ {limits} }}\nrecipes:\n  r: {{ accept: {{ {accept} }}, \
         derivatives: {{ t: {{ formats: [jpeg] }} }} }}\n"
    );
    Document::parse("test.yaml", &text, &|_| None)
}

#[test]
fn recipe_may_lower_each_limit_and_raise_none() {
    let most = Accept::default();
    for (name, max) in [
        ("bytes", most.bytes),
        ("pixels", most.pixels),
        ("whole_image_pixels", most.whole_image_pixels),
        ("side", most.side.into()),
        ("frames", most.frames.into()),
        ("animation_pixels", most.animation_pixels),
    ] {
        for taken in [1, max] {
            assert_eq!(complaints(&format!("{name}: {taken}")), None, "{name}: {taken}");
        }
        let refused = complaints(&format!("{name}: {}", max + 1)).unwrap();
        assert!(refused.contains(&max.to_string()), "{refused}");
    }
    // What follows from one that is lowered is lowered with it.
    let lowered = whole("{ accept: { pixels: 10M }, derivatives: { t: { formats: [jpeg] } } }").accept;
    assert_eq!(
        (lowered.pixels, lowered.whole_image_pixels),
        (10_000_000, 5_000_000)
    );
}

#[test]
fn limits_of_the_document_hold_for_all_recipes_and_are_what_these_lower() {
    let document = within("bytes: 200MiB, pixels: 400M, side: 40000", "").unwrap();
    let taken = &document.recipe("r").unwrap().accept;
    assert_eq!((taken.bytes, taken.side, taken.frames), (200 << 20, 40_000, 256));
    assert_eq!(
        (taken.pixels, taken.whole_image_pixels),
        (400_000_000, 200_000_000)
    );
    assert!(within("bytes: 200MiB", "bytes: 100MiB").is_ok());
    assert!(
        within("bytes: 20MiB", "bytes: 21MiB")
            .unwrap_err()
            .render()
            .contains("20971520")
    );
    for beyond in ["bytes: 2GiB", "pixels: 2000M", "side: 100001", "frames: 10001"] {
        assert!(within(beyond, "").is_err(), "{beyond}");
    }
}

#[test]
fn more_files_than_one_original_may_have_are_refused() {
    let of = |count: usize| {
        let one = |number: usize| format!("d{number}: {{ resize: {{ width: 100 }}, formats: [jpeg] }}");
        let all: Vec<String> = (0..count).map(one).collect();
        recipe(&format!("{{ {} }}", all.join(", "))).plan(&jpeg(400, 300), &Lane::ALL)
    };
    assert_eq!(of(FILES_MAX).unwrap().files.len(), FILES_MAX);
    let refused = of(FILES_MAX + 1).unwrap_err();
    assert_eq!(refused.code, RefusalCode::TooManyFiles);
    assert_eq!(
        refused.sentence,
        "the recipe asks 201 files of one original; 200 are allowed"
    );
}

#[test]
fn file_that_would_be_too_large_is_left_out_with_its_size() {
    for (size, said) in [
        (
            "resize: { width: 16000, height: 16000, fit: fill, enlarge: true }",
            "the file would be 16000x16000; ",
        ),
        (
            "resize: { width: 9000, enlarge: true }, densities: [1, 2]",
            "the file would be 18000x13500; ",
        ),
    ] {
        let recipe = recipe(&format!("{{ large: {{ {size}, formats: [jpeg] }} }}"));
        let plan = recipe.plan(&jpeg(4_000, 3_000), &Lane::ALL).unwrap();
        for file in &plan.files {
            let longer = file.size.width.max(file.size.height);
            assert!(longer <= OUTPUT_SIDE_MAX && file.size.pixels() <= OUTPUT_PIXELS_MAX);
        }
        let is_told = |reason: &String| reason.starts_with(said) && reason.ends_with("pixels are allowed");
        let reasons: Vec<String> = plan.skipped.into_iter().map(|skipped| skipped.reason).collect();
        assert!(reasons.iter().any(is_told), "{reasons:?}");
    }
}
