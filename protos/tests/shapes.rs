//! The shapes in which manifests are printed, as golden texts.
use std::collections::BTreeMap;

use minilab_protos::{
    manifest::{Derivative, File, Manifest, Original, Picture, PictureSet, Placeholder, Provenance, Status},
    shapes,
};

fn file(width: u32, format: &str, extension: &str) -> File {
    let name = format!("photo-{width}w.g1-0123456789.{extension}");
    File {
        width,
        height: width * 2 / 3,
        ratio: Some(1.5),
        format: format.into(),
        media_type: format!("image/{format}"),
        bytes: u64::from(width) * 37,
        sha256: "0".repeat(64),
        url: format!("https://cdn.example.com/?a=1&b=\"2\"/caf%C3%A9%20%231.jpg/{name}"),
        stable_url: None,
        quality: Some(80),
        score: None,
        notes: Vec::new(),
    }
}

fn sets() -> Vec<PictureSet> {
    let set = |media: Option<&str>, derivative: &str, sizes: Option<&str>| PictureSet {
        media: media.map(str::to_owned),
        derivative: derivative.to_owned(),
        sizes: sizes.map(str::to_owned),
    };
    vec![
        set(Some("(max-width: 575px)"), "thumb", None),
        set(Some("(max-width: 60em) and (color < 8)"), "pending", None),
        set(None, "photo", Some("(min-width: 60em) 50vw, 100vw")),
    ]
}

fn sample() -> Manifest {
    let photo = Derivative {
        srcset: BTreeMap::new(),
        dropped: Vec::new(),
        notes: Vec::new(),
        files: vec![
            file(320, "jpeg", "jpg"),
            file(640, "jpeg", "jpg"),
            file(320, "avif", "avif"),
            file(320, "webp", "webp"),
            file(640, "webp", "webp"),
        ],
    };
    let thumb = Derivative {
        srcset: BTreeMap::new(),
        dropped: Vec::new(),
        notes: Vec::new(),
        files: vec![file(160, "webp", "webp")],
    };
    Manifest {
        schema: 1,
        original: Original {
            key: "caf\u{e9} #1.jpg".into(),
            ..Original::default()
        },
        status: Status::Complete,
        pending: Vec::new(),
        placeholder: Placeholder::default(),
        derivatives: BTreeMap::from([
            ("photo".to_owned(), photo),
            ("thumb".to_owned(), thumb),
            ("none".to_owned(), Derivative::default()),
        ]),
        pictures: BTreeMap::from([("hero".to_owned(), Picture { sets: sets() })]),
        failures: Vec::new(),
        generation: 3,
        provenance: Provenance::default(),
        updated: "2026-01-01T00:00:00Z".into(),
        faces: None,
        metadata: None,
        place: None,
    }
}

#[test]
fn picture_names_better_formats_first_and_ends_in_the_baseline() {
    insta::assert_snapshot!(shapes::picture(&sample(), "photo").unwrap());
}

#[test]
fn art_direction_puts_a_condition_on_the_sources_of_each_set() {
    let html = shapes::art_directed(&sample(), "hero").unwrap();
    let lines: Vec<&str> = html.lines().collect();
    assert!(lines[1].starts_with(
        "  <source media=\"(max-width: 575px)\" width=\"160\" height=\"106\" type=\"image/webp\""
    ));
    assert!(
        lines[2].starts_with("  <source type=\"image/avif\"")
            && lines[3].starts_with("  <source type=\"image/webp\"")
    );
    assert!(lines[3].ends_with(" sizes=\"(min-width: 60em) 50vw, 100vw\">"));
    assert!(lines[4].starts_with("  <img src=") && lines[4].contains("width=\"640\""));
    assert_eq!(lines.len(), 6);
    assert_eq!(shapes::art_directed(&sample(), "other"), None);
}

#[test]
fn picture_of_a_single_file_is_that_file() {
    insta::assert_snapshot!(shapes::picture(&sample(), "thumb").unwrap());
}

#[test]
fn derivatives_without_files_have_no_picture() {
    assert_eq!(shapes::picture(&sample(), "none"), None);
    assert_eq!(shapes::picture(&sample(), "other"), None);
}

#[test]
fn eleventy_groups_by_format() {
    insta::assert_json_snapshot!(shapes::eleventy(&sample(), "photo").unwrap());
}

#[test]
fn strapi_has_one_format_per_name() {
    insta::assert_json_snapshot!(shapes::strapi(&sample()));
}
