//! What files are made of which original: encoders' options, formats chosen by transparency, animations.
mod world;

use minilab_recipe::{
    Document, Encoding, Format, Hundredths, Lane, Note, Original, OutputFormat, Plan, RefusalCode, Source,
    Step, TiffCompression, WebpPreset,
};
use world::{jpeg, png, recipe, whole};

fn complaints(recipe: &str) -> String {
    let text =
        format!("version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nrecipes:\n  r: {recipe}\n");
    Document::parse("test.yaml", &text, &|_| None).map_or_else(|found| found.render(), |_| "fine".to_owned())
}

fn encodings(formats: &str, encodings: &str) -> Vec<Encoding> {
    let text =
        format!("{{ a: {{ resize: {{ width: 9 }}, formats: [{formats}], encodings: {{ {encodings} }} }} }}");
    let recipe = recipe(&text);
    recipe.derivatives()[0]
        .encodings
        .iter()
        .map(|laned| laned.encoding.clone())
        .collect()
}

/// An animation of four frames.
fn animation(format: Format, width: u32, height: u32) -> Original {
    let mut original = png(width, height);
    original.probe.format = format;
    original.probe.pages = 4;
    original.probe.whole_image = true;
    original
}

fn plan(derivatives: &str, original: &Original) -> Plan {
    let recipe = recipe(derivatives);
    recipe.plan(original, &Lane::ALL).expect("a plan")
}

#[test]
fn options_of_encoders_are_read() {
    let read = encodings(
        "webp, avif, png, gif, tiff",
        "webp: { near_lossless: true }, avif: { bits: 10, tune: iq }, \
         png: { palette: true, colours: 16, dither: 0.25, effort: 3 }, gif: { colours: 64, dither: 0 }, \
         tiff: { compression: jpeg, quality: 80, tiled: true }",
    );
    let [
        Encoding::Webp { tuning: webp, .. },
        Encoding::Avif { tuning: avif, .. },
        Encoding::Png { tuning: png, .. },
        gif,
        tiff,
    ] = &read[..]
    else {
        panic!("{read:?}");
    };
    assert!(webp.near_lossless && webp.preset == WebpPreset::Default);
    assert_eq!((avif.bits, format!("{:?}", avif.tune).as_str()), (10, "Iq"));
    assert_eq!((png.colours, png.dither, png.effort), (16, Hundredths(25), 3));
    let expected = Encoding::Gif {
        effort: 4,
        colours: 64,
        dither: Hundredths(0),
    };
    assert_eq!(gif, &expected);
    let expected = Encoding::Tiff {
        compression: TiffCompression::Jpeg,
        quality: 80,
        predictor: false,
        tiled: true,
    };
    assert_eq!(tiff, &expected);
}

#[test]
fn inherited_options_that_have_no_effect_any_more_are_forgotten() {
    let text = "{ derivatives: { a: { resize: { width: 9 }, formats: [png, webp], \
                encodings: { png: { palette: false }, webp: { lossless: true } } } } }";
    let document = |encodings: &str| {
        let text = format!(
            "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nencodings: {encodings}\nrecipes:\n  r: {text}\n"
        );
        Document::parse("test.yaml", &text, &|_| None).expect("it is valid")
    };
    let told = document("{ png: { palette: true, colours: 16 }, webp: { near_lossless: true } }");
    let untold = document("{}");
    assert_eq!(told.recipes["r"], untold.recipes["r"]);
}

#[test]
fn options_of_encoders_that_have_no_effect_are_mistakes() {
    for (formats, encodings, said) in [
        (
            "webp",
            "webp: { lossless: true, near_lossless: true }",
            "exactly or nearly",
        ),
        (
            "webp",
            "webp: { lossless: true, preset: photo }",
            "preset has no effect",
        ),
        ("avif", "avif: { lossless: true, bits: 10 }", "bits has no effect"),
        ("png", "png: { colours: 16 }", "colours has no effect"),
        ("tiff", "tiff: { quality: 50 }", "quality has no effect"),
        (
            "tiff",
            "tiff: { compression: none, predictor: true }",
            "predictor has no effect",
        ),
        ("gif", "gif: { colours: 100 }", "\"100\" is not allowed here"),
        ("avif", "avif: { bits: 12 }", "\"12\" is not allowed here"),
        ("gif", "gif: { effort: 0 }", "a whole number from 1 to 10"),
        ("gif", "gif: { quality: 80 }", "gif has no key \"quality\""),
        ("webp", "webp: { preset: phto }", "did you mean \"photo\""),
        ("auto, png", "", "auto may come out as png"),
    ] {
        let text = format!(
            "{{ derivatives: {{ a: {{ resize: {{ width: 9 }}, formats: [{formats}], encodings: {{ {encodings} }} }} }} }}"
        );
        let found = complaints(&text);
        assert!(found.contains(said), "{encodings}: {found}");
    }
}

#[test]
fn formats_that_do_not_go_with_their_recipe_are_mistakes() {
    let found = complaints("{ colour: p3, derivatives: { a: { formats: [gif] } } }");
    assert!(found.contains("a GIF carries no colour profile"), "{found}");
    let found = complaints("{ urls: both, derivatives: { a: { formats: [auto] } } }");
    assert!(found.contains("stable URLs are known without it"), "{found}");
    assert_eq!(
        complaints("{ derivatives: { a: { formats: [avif, webp, auto] } } }"),
        "fine"
    );
}

#[test]
fn auto_is_a_jpeg_or_where_there_is_transparency_a_png() {
    let text = "{ a: { resize: { width: 9 }, formats: [auto], encodings: { png: { palette: true } } } }";
    let made = |original: &Original| plan(text, original).files[0].encoding.clone();
    assert_eq!(made(&jpeg(90, 90)).format(), OutputFormat::Jpeg);
    assert!(matches!(made(&png(90, 90)), Encoding::Png { palette: true, .. }));
    let turned = plan(
        "{ a: { rotate: { degrees: 5, background: transparent }, formats: [auto] } }",
        &jpeg(90, 90),
    );
    assert_eq!(turned.files[0].encoding.format(), OutputFormat::Png);
}

#[test]
fn exact_format_that_auto_chose_says_that_no_quality_applies() {
    for asked in ["quality: high", "target: { ssimulacra2: 80 }", "max_bytes: 9kB"] {
        let text = format!("{{ a: {{ resize: {{ width: 9 }}, {asked}, formats: [auto] }} }}");
        let notes = |original: &Original| plan(&text, original).files[0].notes.clone();
        assert_eq!(notes(&png(90, 90)), [Note::ExactFormat], "{asked}");
        assert_eq!(notes(&jpeg(90, 90)), [], "{asked}");
    }
}

#[test]
fn animations_are_kept_where_the_format_can() {
    let text = "{ a: { resize: { width: 50 }, formats: [webp, gif, avif, jpeg] } }";
    let plan = plan(text, &animation(Format::Gif, 100, 80));
    assert_eq!(plan.decode.frames, 4);
    for file in &plan.files {
        let kept = file.encoding.format().has_frames();
        assert_eq!(file.frames, if kept { 4 } else { 1 });
        assert_eq!(file.notes.contains(&Note::FirstFrame), !kept);
        let Source::Node(index) = file.from else {
            assert!(kept);
            continue;
        };
        assert_eq!(plan.nodes[index].steps[0], Step::Frame(0));
    }
}

#[test]
fn one_frame_alone_is_all_that_is_decoded_for_it() {
    let original = animation(Format::Webp, 100, 80);
    for (said, page, frames, notes) in [
        ("first", 0, 1, vec![]),
        ("0", 0, 1, vec![]),
        ("2", 2, 1, vec![]),
        ("7", 3, 1, vec![Note::LastFrame]),
    ] {
        let text = format!("{{ a: {{ resize: {{ width: 50 }}, animation: {said}, formats: [webp] }} }}");
        let plan = plan(&text, &original);
        assert_eq!((plan.decode.page, plan.decode.frames), (page, frames), "{said}");
        assert_eq!(plan.files[0].notes, notes, "{said}");
    }
    let found = complaints("{ animation: frist, derivatives: { a: { formats: [gif] } } }");
    assert!(
        found.contains("did you mean \"first\"") && found.contains("number of a frame"),
        "{found}"
    );
}

#[test]
fn dropped_animations_get_no_files_and_a_reason() {
    let recipe = whole(
        "{ animation: drop, derivatives: { a: { formats: [webp] }, b: { animation: keep, formats: [gif] } } }",
    );
    let plan = recipe
        .plan(&animation(Format::Gif, 10, 10), &Lane::ALL)
        .expect("a plan");
    assert_eq!(plan.files.len(), 1);
    assert_eq!(plan.skipped[0].derivative, "a");
    assert!(plan.skipped[0].reason.contains("animation"));
    let still = recipe.plan(&png(10, 10), &Lane::ALL).expect("a plan");
    assert_eq!(still.files.len(), 2);
}

#[test]
fn animation_beyond_the_limit_is_refused_with_it_and_its_poster_is_not() {
    let large = animation(Format::Gif, 6000, 5000);
    let kept = recipe("{ a: { resize: { width: 50 }, formats: [gif] } }");
    let refused = kept.plan(&large, &Lane::ALL).expect_err("it is too large");
    assert_eq!(refused.code, RefusalCode::TooManyPixels);
    assert!(refused.sentence.contains("accept.animation_pixels"), "{refused}");
    let poster = recipe("{ a: { resize: { width: 50 }, animation: first, formats: [gif] } }");
    assert!(poster.plan(&large, &Lane::ALL).is_ok());
}

#[test]
fn an_animation_is_predicted_to_cost_its_frames() {
    let text = "{ a: { resize: { width: 500 }, formats: [webp] } }";
    let (still, moving) = (png(1000, 800), animation(Format::Gif, 1000, 800));
    let cost = |original: &Original| plan(text, original).predicted;
    let pixels = 500 * 400 * 4;
    assert!(cost(&moving).memory_bytes >= cost(&still).memory_bytes + 3 * pixels);
    assert!(cost(&moving).cpu_ms > 3 * cost(&still).cpu_ms / 2);
}

#[test]
fn what_a_format_cannot_do_is_noted() {
    let text = "{ a: { keep: [copyright], formats: [gif, tiff, webp] } }";
    let notes: Vec<_> = plan(text, &png(10, 10))
        .files
        .into_iter()
        .map(|file| file.notes)
        .collect();
    assert_eq!(notes[0], []);
    assert_eq!(notes[1], [Note::HardEdges, Note::MetadataNotKept]);
    assert_eq!(notes[2], [Note::MetadataNotKept]);
}
