//! How good and how long files shall be, what pages show meanwhile, what files say of themselves; and presets.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod world;

use minilab_recipe::{Aim, Analysis, Document, Lane, OutputFormat, Recipe, Score, TinyFormat};
use world::{jpeg, recipe, whole};

fn complaints(recipe: &str) -> String {
    let text =
        format!("version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nrecipes:\n  r: {recipe}\n");
    match Document::parse("test.yaml", &text, &|_| None) {
        Ok(_) => "fine".to_owned(),
        Err(diagnostics) => diagnostics.render(),
    }
}

fn qualities(recipe: &Recipe, name: &str) -> Vec<(OutputFormat, Option<u8>, Aim)> {
    let encodings = &recipe.derivative(name).unwrap().encodings;
    encodings
        .iter()
        .map(|laned| (laned.encoding.format(), laned.encoding.quality(), laned.aim))
        .collect()
}

#[test]
fn words_are_one_look_in_all_formats() {
    let recipe = recipe(
        "{ a: { formats: [avif, webp, jpeg], quality: high }, \
           b: { formats: [avif, webp, jpeg], quality: low, encodings: { webp: { quality: 50 } } }, \
           c: { formats: [avif, webp, jpeg], encodings: { jpeg: { quality: high } } }, \
           d: { formats: [avif, webp, jpeg], quality: medium }, e: { formats: [avif, webp, jpeg] } }",
    );
    let told = |name| {
        qualities(&recipe, name)
            .into_iter()
            .map(|one| one.1.unwrap())
            .collect::<Vec<_>>()
    };
    assert_eq!(told("a"), [70, 88, 85]);
    assert_eq!(told("b"), [46, 50, 60]);
    assert_eq!(told("c"), [57, 81, 85]);
    assert_eq!(told("d"), told("e"));
}

#[test]
fn targets_and_budgets_are_inherited_until_something_stronger_is_said() {
    let text = "version: 1\nfrom: { folder: in }\nto: { folder: out }\n\
                encodings: { webp: { target: { ssimulacra2: 80 }, max_bytes: 30kB } }\n\
                recipes:\n  r:\n    derivatives:\n\
                \x20     a: { formats: [webp, jpeg] }\n\
                \x20     b: { formats: [webp], encodings: { webp: { quality: 70 } } }\n\
                \x20     c: { formats: [webp, jpeg], target: { ssimulacra2: 72.5, min: 40, max: 90 } }\n\
                \x20     d: { formats: [webp], encodings: { webp: { lossless: true } } }\n";
    let document = Document::parse("x.yaml", text, &|_| None).unwrap();
    let recipe = &document.recipes["r"];
    let [webp, jpeg] = qualities(recipe, "a")[..] else {
        panic!()
    };
    assert_eq!(webp.2.target.unwrap().ssimulacra2, Score::new(80.0));
    assert_eq!(webp.2.max_bytes, Some(30_000));
    assert!(jpeg.2.is_none());
    let told = qualities(recipe, "b")[0].2;
    assert_eq!((told.target, told.max_bytes), (None, Some(30_000)));
    let all = qualities(recipe, "c");
    assert!(
        all.iter()
            .all(|one| one.2.target.unwrap().ssimulacra2 == Score::new(72.5))
    );
    assert_eq!((all[0].2.max_bytes, all[1].2.max_bytes), (Some(30_000), None));
    assert!(qualities(recipe, "d")[0].2.is_none());
}

#[test]
fn files_are_made_anew_where_what_is_sought_changes_and_only_there() {
    let canonical = |derivative: &str| {
        let plan = recipe(&format!("{{ a: {derivative} }}"))
            .plan(&jpeg(800, 600), &Lane::ALL)
            .unwrap();
        plan.files
            .iter()
            .map(|file| file.canonical.clone())
            .collect::<Vec<_>>()
    };
    let plain = canonical("{ formats: [webp, jpeg] }");
    assert_eq!(
        canonical("{ formats: [webp, jpeg], quality: medium, keep: none }"),
        plain
    );
    for other in [
        "{ formats: [webp, jpeg], max_bytes: 10kB }",
        "{ formats: [webp, jpeg], target: { ssimulacra2: 70 } }",
        "{ formats: [webp, jpeg], metadata: { dpi: 72 } }",
        "{ formats: [webp, jpeg], metadata: { set: { copyright: A } } }",
    ] {
        assert!(
            canonical(other).iter().all(|file| !plain.contains(file)),
            "{other}"
        );
    }
    // What a file is compared with decides whether it is there; the last is compared with nothing.
    let kept = canonical("{ formats: [webp, jpeg], keep_smaller: true }");
    assert_eq!(plain.iter().filter(|file| kept.contains(file)).count(), 1);
}

#[test]
fn what_others_are_compared_with_is_made_first() {
    use OutputFormat::{Avif, Jpeg, Webp};
    let recipe = recipe(
        "{ a: { resize: { widths: [100, 200] }, formats: [avif, webp, jpeg], lane: standard, keep_smaller: true, \
           encodings: { avif: { effort: 0 } } } }",
    );
    let plan = recipe.plan(&jpeg(800, 600), &Lane::ALL).unwrap();
    let order: Vec<_> = plan
        .files
        .iter()
        .map(|file| (file.size.width, file.encoding.format()))
        .collect();
    assert_eq!(
        order,
        [
            (100, Jpeg),
            (100, Webp),
            (100, Avif),
            (200, Jpeg),
            (200, Webp),
            (200, Avif)
        ]
    );
    assert_eq!(plan.files[2].unless_larger, [Webp, Jpeg]);
    assert!(plan.files[0].unless_larger.is_empty());
}

#[test]
fn searches_cost_what_they_may_take() {
    let cost = |aim: &str| {
        let recipe = recipe(&format!("{{ a: {{ formats: [webp]{aim} }} }}"));
        recipe.plan(&jpeg(2000, 1500), &Lane::ALL).unwrap().predicted
    };
    let (plain, sought) = (cost(""), cost(", target: { ssimulacra2: 80 }"));
    assert!(sought.cpu_ms > plain.cpu_ms * 4 && sought.memory_bytes > plain.memory_bytes);
}

#[test]
fn placeholders_are_words_lists_and_mappings() {
    let asked = |text: &str| {
        whole(&format!(
            "{{ placeholder: {text}, derivatives: {{ a: {{ formats: [webp] }} }} }}"
        ))
        .placeholder
    };
    let lqip = |format, bytes| Analysis::Lqip { format, bytes };
    assert_eq!(
        asked("[dominant, thumbhash]"),
        [Analysis::Thumbhash, Analysis::Dominant]
    );
    assert_eq!(asked("blurhash"), [Analysis::Blurhash { x: 4, y: 3 }]);
    assert_eq!(
        asked("{ lqip: webp, blurhash: [5, 4], palette: 6, thumbhash: true, dominant: false }"),
        [
            Analysis::Thumbhash,
            Analysis::Blurhash { x: 5, y: 4 },
            Analysis::Palette { colours: 6 },
            lqip(TinyFormat::Webp, 600)
        ]
    );
    assert_eq!(
        asked("[thumbhash, { lqip: { format: jpeg, bytes: 1kB } }]")[1],
        lqip(TinyFormat::Jpeg, 1000)
    );
}

#[test]
fn presets_have_the_sizes_and_names_of_their_tools() {
    let sizes = |text: &str| {
        let recipe = whole(&format!("{{ preset: {text} }}"));
        let rungs = recipe.rungs().into_iter();
        rungs
            .map(|rung| (rung.derivative, rung.width, rung.height, rung.format.as_str()))
            .collect::<Vec<_>>()
    };
    let square = |name: &str, side| (name.to_owned(), Some(side), Some(side), "jpeg");
    assert_eq!(
        sizes("strapi"),
        [
            square("large", 1000),
            square("medium", 750),
            square("small", 500),
            ("thumbnail".to_owned(), Some(245), Some(156), "jpeg")
        ]
    );
    let widths = |text: &str| {
        sizes(text)
            .into_iter()
            .filter_map(|one| one.1)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        widths("next"),
        [
            32, 48, 64, 96, 128, 256, 384, 640, 750, 828, 1080, 1200, 1920, 2048, 3840
        ]
    );
    assert_eq!(sizes("next")[0].3, "webp");
    assert_eq!(
        sizes("eleventy"),
        [
            ("image".to_owned(), None, None, "webp"),
            ("image".to_owned(), None, None, "jpeg")
        ]
    );
    assert_eq!(widths("imbo-variations"), [128, 256, 512, 1024]);
    assert_eq!(
        widths("{ name: next, widths: [640], formats: [avif, webp] }"),
        [640, 640]
    );
    let own =
        whole("{ preset: strapi, derivatives: { large: { resize: { width: 1600 }, formats: [webp] } } }");
    assert_eq!(own.derivatives().len(), 4);
    assert_eq!(
        own.derivative("large").unwrap().encodings[0].encoding.format(),
        OutputFormat::Webp
    );
}

#[test]
fn pictures_change_the_first_lane_alone() {
    let with = |pictures: &str| {
        whole(&format!(
            "{{ {pictures} derivatives: {{ a: {{ formats: [webp], lane: fast }}, b: {{ formats: [webp], lane: bulk }} }} }}"
        ))
    };
    let (without, with) = (
        with(""),
        with(
            "pictures: { hero: { sets: [{ media: \"(max-width: 575px)\", derivative: a }, { derivative: b }] } },",
        ),
    );
    assert_ne!(without.lane_digest(Lane::Fast), with.lane_digest(Lane::Fast));
    assert_eq!(without.lane_digest(Lane::Bulk), with.lane_digest(Lane::Bulk));
}

#[test]
fn mistakes_in_quality_metadata_and_presets_are_told() {
    insta::assert_snapshot!(complaints(
        r#"
    preset: { name: strapi, widths: [100] }
    placeholder: [{ blurhash: [10, 3] }, { lqip: { bytes: 20 } }, blurhsh]
    keep: [none, icc]
    urls: both
    pictures: { hero: { sets: [{ derivative: heroe }, { derivative: a, media: "x{" }] } }
    derivatives:
      a: { formats: [webp], quality: best, encodings: { webp: { quality: 80, target: { ssimulacra2: 99 } } } }
      b: { formats: [png], max_bytes: 30kB }
      c: { formats: [avif, webp], keep_smaller: true }
      d: { formats: [webp], keep_smaller: true, keep: [iptc] }
      e: { formats: [webp], metadata: { set: { copyright: "", author: me }, dpi: 0 } }
      f: { formats: [webp], encodings: { webp: { lossless: true, target: { ssimulacra2: 80, min: 90, max: 40 } } } }
"#
    ));
}

#[test]
fn stable_urls_and_dropped_formats_exclude_each_other() {
    let told =
        complaints("{ urls: stable, derivatives: { a: { formats: [webp, jpeg], keep_smaller: true } } }");
    assert!(told.contains("may drop a format by keep_smaller"), "{told}");
}
