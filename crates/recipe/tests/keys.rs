//! Keys, versions and fingerprints as they reach a store.
#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]
mod world;

use std::collections::BTreeMap;

use minilab_recipe::{KeyRefused, Lane, Naming, OutputFormat, PlannedFile, Recipe, Size, version};
use world::{jpeg, recipe, whole};

fn first(recipe: &Recipe) -> PlannedFile {
    recipe
        .plan(&jpeg(3000, 2000), &Lane::ALL)
        .unwrap()
        .files
        .remove(0)
}

#[test]
fn default_keys_lie_under_the_whole_key_of_the_original() {
    let recipe = recipe("{ photo: { resize: { width: 320 }, formats: [jpeg] } }");
    let file = first(&recipe);
    let key = |original: &str| recipe.key(original, &file, "g1-0123456789");
    assert_eq!(
        key("a/b c.jpg").unwrap(),
        "a/b c.jpg/photo-320w.g1-0123456789.jpg"
    );
    assert_eq!(
        key("x\ny#%+.png").unwrap(),
        "x\ny#%+.png/photo-320w.g1-0123456789.jpg"
    );
    let stable: Vec<_> = recipe
        .rungs()
        .iter()
        .map(|rung| recipe.stable_key("a.png", rung).unwrap())
        .collect();
    assert_eq!(stable, ["a.png/photo-320w.jpg"]);
}

#[test]
fn hostile_originals_get_no_keys() {
    let recipe = recipe("{ photo: { resize: { width: 320 }, formats: [jpeg] } }");
    let file = first(&recipe);
    for hostile in ["", "/a", "../a", "a/../b", "a\0b"] {
        let refused = recipe.key(hostile, &file, "g1-0123456789");
        assert!(matches!(refused, Err(KeyRefused::Unsafe { .. })), "{hostile:?}");
    }
    let long = "x".repeat(1000);
    assert!(matches!(
        recipe.key(long.as_str(), &file, "g1-0123456789"),
        Err(KeyRefused::TooLong { .. })
    ));
}

#[test]
fn templates_are_filled_with_harmless_values() {
    let recipe = whole(
        "{ key: \"{original}/{tenant}_{dir}_{stem}_{meta.album}_{name}-{width}x{height}.{version}.{ext}\", \
           derivatives: { photo: { resize: { width: 300 }, formats: [jpeg] } } }",
    );
    let file = first(&recipe);
    let metadata = BTreeMap::from([("album".to_owned(), "../été/1".to_owned())]);
    let naming = Naming {
        original: "a/b/c.d.jpg",
        tenant: Some("ac me"),
        metadata: Some(&metadata),
    };
    let key = recipe.key(naming, &file, "g2-0123456789").unwrap();
    assert_eq!(
        key,
        "a/b/c.d.jpg/ac-me_a-b_c.d_---t--1_photo-300x200.g2-0123456789.jpg"
    );
    let refused = recipe.key("a.jpg", &file, "g2-0123456789");
    assert!(matches!(refused, Err(KeyRefused::NoValue { name, .. }) if name == "tenant"));
    assert_eq!(recipe.reads(), ["album"]);
}

#[test]
fn rungs_above_the_original_are_served_by_the_largest_file() {
    let recipe = recipe("{ p: { resize: { widths: [320, 640, 1280] }, formats: [jpeg] } }");
    let sizes = [
        Size {
            width: 800,
            height: 600,
        },
        Size {
            width: 320,
            height: 240,
        },
        Size {
            width: 640,
            height: 480,
        },
    ];
    let picked: Vec<_> = recipe
        .rungs()
        .iter()
        .map(|rung| sizes[rung.pick(&sizes).unwrap()].width)
        .collect();
    assert_eq!(picked, [320, 640, 800]);
    assert_eq!(recipe.rungs()[0].format, OutputFormat::Jpeg);
    assert_eq!(recipe.rungs()[0].pick(&[]), None);
}

#[test]
fn fingerprint_follows_bytes_options_and_what_is_read() {
    let base = "{ crop: { resize: { width: 90, height: 90, fit: cover, gravity: focal }, formats: [jpeg] }, \
                  plain: { resize: { width: 90 }, formats: [jpeg] } }";
    let recipe = recipe(base);
    let plan = recipe.plan(&jpeg(3000, 2000), &Lane::ALL).unwrap();
    let of = |name: &str| plan.files.iter().find(|file| file.derivative == name).unwrap();
    let metadata = |focal: &str| BTreeMap::from([("focal".to_owned(), focal.to_owned())]);
    let print = |name: &str, sha: &str, focal: &str| recipe.fingerprint(of(name), sha, &metadata(focal));
    assert_eq!(print("crop", "aa", "0.1,0.1"), print("crop", "aa", "0.1,0.1"));
    assert_ne!(print("crop", "aa", "0.1,0.1"), print("crop", "ab", "0.1,0.1"));
    assert_ne!(print("crop", "aa", "0.1,0.1"), print("crop", "aa", "0.2,0.1"));
    assert_eq!(print("plain", "aa", "0.1,0.1"), print("plain", "aa", "0.2,0.1"));
}

/// A new rung, format, lane or placeholder leaves every other file as it is.
#[test]
fn fingerprint_of_a_file_ignores_its_neighbours() {
    let canonicals = |recipe: &Recipe| -> Vec<String> {
        let plan = recipe.plan(&jpeg(3000, 2000), &Lane::ALL).unwrap();
        let wanted =
            |file: &&PlannedFile| file.size.width == 320 && file.encoding.format() == OutputFormat::Jpeg;
        plan.files
            .iter()
            .filter(wanted)
            .map(|file| file.canonical.clone())
            .collect()
    };
    let one = recipe("{ p: { resize: { widths: [320] }, formats: [jpeg] } }");
    let more = whole(
        "{ placeholder: dominant, urls: both, derivatives: { p: { resize: { widths: [320, 640] }, formats: [webp, jpeg], lane: fast } } }",
    );
    assert_eq!(canonicals(&one), canonicals(&more));
}

/// Changing this text makes every file of every user anew: do it only on purpose.
#[test]
fn canonical_form_is_pinned() {
    let file = first(&recipe("{ photo: { resize: { width: 320 }, formats: [jpeg] } }"));
    insta::assert_snapshot!(file.canonical);
    insta::assert_snapshot!(file.fingerprint("00", &BTreeMap::new(), 0));
}

#[test]
fn versions_differ_by_generation_and_build() {
    let one = version(3, "f", "build 1");
    assert!(one.starts_with("g3-") && one.len() == 13);
    assert_ne!(one, version(3, "f", "build 2"));
    assert_eq!(one[3..], version(4, "f", "build 1")[3..]);
}
