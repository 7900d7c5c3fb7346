//! Pages of originals that have several: each with its own size, a trunk of its own, and a word where it is not there.
mod world;

use minilab_recipe::{Document, Format, Note, Original, Page, Pixels, RefusalCode, Size, Source};
use world::{jpeg, recipe, whole};

/// A first page of 1000 x 800, a lying grey second of 400 x 300, and a third that nobody asked for.
fn scan() -> Original {
    let mut original = jpeg(1000, 800);
    original.probe.format = Format::Tiff;
    original.probe.pages = 3;
    let second = Page {
        stored: Size {
            width: 300,
            height: 400,
        },
        orientation: 6,
        alpha: false,
        bits: 8,
        pixels: Pixels::Grey,
        icc: false,
    };
    original.probe.further.insert(1, second);
    original
}

const TWO: &str = "{ a: { resize: { width: 500 }, formats: [png] }, \
                     b: { page: 1, resize: { widths: [100, 200] }, formats: [png] } }";

#[test]
fn each_page_is_decoded_at_its_own_size_and_has_files_of_its_own() {
    let recipe = recipe(TWO);
    assert_eq!(recipe.pages(), [1]);
    let plan = recipe.plan(&scan(), &recipe.lanes()).unwrap();
    assert_eq!(
        (plan.decode.page, plan.further.len(), plan.further[0].page),
        (0, 1, 1)
    );
    let sizes: Vec<_> = plan
        .files
        .iter()
        .map(|file| (file.derivative.as_str(), file.size.width, file.size.height))
        .collect();
    assert_eq!(sizes, [("b", 100, 75), ("b", 200, 150), ("a", 500, 400)]);
    for file in &plan.files {
        let mut at = file.from;
        while let Source::Node(index) = at {
            at = plan.nodes[index].from;
        }
        let expected = if file.derivative == "a" {
            Source::Trunk
        } else {
            Source::Page(0)
        };
        assert_eq!(at, expected);
        // The first page of several is a note only where nobody has chosen it.
        let expected: &[Note] = if file.derivative == "a" {
            &[Note::FirstFrame]
        } else {
            &[]
        };
        assert_eq!(file.notes, expected);
    }
    let alone = self::recipe("{ b: { page: 1, resize: { width: 200 }, formats: [png] } }");
    let plan = alone.plan(&scan(), &alone.lanes()).unwrap();
    assert_eq!((plan.decode.page, plan.further.len()), (1, 0));
    let chosen = self::recipe("{ b: { page: 0, resize: { width: 200 }, formats: [png] } }");
    assert_eq!(chosen.plan(&scan(), &chosen.lanes()).unwrap().files[0].notes, []);
}

#[test]
fn placeholders_are_of_the_first_page() {
    let recipe = whole("{ placeholder: thumbhash, derivatives: { b: { page: 1, formats: [png] } } }");
    let plan = recipe.plan(&scan(), &recipe.lanes()).unwrap();
    assert_eq!((plan.decode.page, plan.further[0].page), (0, 1));
    assert_eq!(plan.files[0].from, Source::Page(0));
}

#[test]
fn a_page_that_is_not_there_is_told_and_no_other_is_shown() {
    let recipe = recipe(TWO);
    let mut animation = jpeg(100, 100);
    (animation.probe.format, animation.probe.pages) = (Format::Gif, 9);
    for original in [jpeg(1000, 800), animation] {
        let plan = recipe.plan(&original, &recipe.lanes()).unwrap();
        assert!(plan.files.iter().all(|file| file.derivative == "a"));
        let skipped = plan
            .skipped
            .iter()
            .find(|skipped| skipped.derivative == "b")
            .unwrap();
        assert_eq!(
            skipped.reason,
            "it shows page 1, counted from 0, and the original has 1"
        );
        let notes = recipe.notes_of(&original.probe, &original.findings);
        assert_eq!(notes, [("b", Note::NoSuchPage)]);
    }
    assert_eq!(recipe.notes_of(&scan().probe, &scan().findings), []);
}

#[test]
fn a_page_beyond_the_limits_is_refused() {
    let recipe = whole(&format!("{{ accept: {{ side: 1000 }}, derivatives: {TWO} }}"));
    let mut large = scan();
    large.probe.further.get_mut(&1).unwrap().stored.width = 1001;
    let refusal = recipe.plan(&large, &recipe.lanes()).unwrap_err();
    assert_eq!(refusal.code, RefusalCode::TooManyPixels);
    assert!(
        refusal.sentence.starts_with("page 1 is 1001x400"),
        "{}",
        refusal.sentence
    );
}

#[test]
fn what_is_looked_for_on_the_first_page_is_no_word_for_another() {
    for derivative in [
        "{ page: 1, trim: true, formats: [png] }",
        "{ page: 1, crop: face, formats: [png] }",
        "{ page: 2, resize: { width: 10, height: 10, fit: cover, gravity: face }, formats: [png] }",
    ] {
        let text = format!(
            "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nrecipes: {{ r: {{ derivatives: {{ t: {derivative} }} }} }}\n"
        );
        let said = Document::parse("t.yaml", &text, &|_| None).unwrap_err().render();
        assert!(said.contains("first page alone"), "{said}");
    }
    let many: Vec<String> = (1..=17)
        .map(|page| format!("p{page}: {{ page: {page}, formats: [png] }}"))
        .collect();
    let text = format!(
        "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nrecipes: {{ r: {{ derivatives: {{ {} }} }} }}\n",
        many.join(", ")
    );
    let said = Document::parse("t.yaml", &text, &|_| None).unwrap_err().render();
    assert!(said.contains("17 pages after the first"), "{said}");
}
