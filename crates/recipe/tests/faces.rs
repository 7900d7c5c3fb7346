//! Faces and marked parts: crops hold them, fall back as told, and say so.
#![expect(clippy::unwrap_used, reason = "test code outside of test functions")]
mod world;

use minilab_recipe::{Area, Effect, Embedded, Mark, MarkKind, Note, Original, Plan, Rect, Step};
use proptest::prelude::*;
use world::{area, jpeg, recipe, whole, with};

fn plan(derivative: &str, original: &Original) -> Plan {
    let recipe = recipe(&format!("{{ t: {derivative} }}"));
    recipe.plan(original, &recipe.lanes()).unwrap()
}

/// The parts that a plan extracts, in order, with the size of what they are taken from.
fn extracts(plan: &Plan) -> Vec<Rect> {
    let steps = plan.nodes.iter().flat_map(|node| &node.steps);
    steps
        .filter_map(|step| match step {
            Step::Extract(rect) => Some(*rect),
            _ => None,
        })
        .collect()
}

const ZOOM: &str = "{ crop: { to: face, padding: 0.5 }, resize: { width: 200, height: 200, fit: cover, enlarge: true }, formats: [png] }";

#[test]
fn crop_goes_to_the_largest_face_in_the_shape_that_is_asked() {
    let original = with(
        jpeg(1000, 800),
        &[area(0.1, 0.1, 0.1, 0.1), area(0.6, 0.5, 0.2, 0.25)],
    );
    let made = plan(ZOOM, &original);
    // The face is 200 x 200 at 600,400; half of it on each side. The loader halves all that.
    assert_eq!(made.decode.shrink.0, 2);
    assert_eq!(
        extracts(&made)[0],
        Rect {
            left: 250,
            top: 150,
            width: 200,
            height: 200
        }
    );
    assert!(made.files[0].notes.is_empty());
}

#[test]
fn all_faces_or_the_most_central_can_be_picked() {
    let original = with(
        jpeg(1000, 1000),
        &[area(0.0, 0.0, 0.3, 0.3), area(0.5, 0.5, 0.1, 0.1)],
    );
    let of = |pick: &str| {
        let made = plan(
            &format!("{{ crop: {{ to: face, padding: 0, pick: {pick} }}, formats: [png] }}"),
            &original,
        );
        extracts(&made)[0]
    };
    assert_eq!(
        of("all"),
        Rect {
            left: 0,
            top: 0,
            width: 600,
            height: 600
        }
    );
    assert_eq!(
        of("most_central"),
        Rect {
            left: 500,
            top: 500,
            width: 100,
            height: 100
        }
    );
}

#[test]
fn crop_without_a_face_takes_what_it_names_instead_and_says_so() {
    let original = with(jpeg(1000, 500), &[]);
    let made = plan(ZOOM, &original);
    assert_eq!(made.files[0].notes, [Note::NoFace]);
    let steps: Vec<_> = made.nodes.iter().flat_map(|node| &node.steps).collect();
    assert!(
        steps.iter().any(|step| matches!(step, Step::SmartCrop { .. })),
        "{steps:?}"
    );
    let west =
        "{ crop: { to: face, else: west }, resize: { width: 50, height: 50, fit: cover }, formats: [png] }";
    let made = plan(west, &original);
    assert_eq!(extracts(&made)[0].left, 0);
}

#[test]
fn gravity_keeps_as_many_faces_as_fit() {
    let gravity =
        "{ resize: { width: 100, height: 100, fit: cover, gravity: [face, west] }, formats: [png] }";
    let left_of = |faces: &[Area]| {
        let made = plan(gravity, &with(jpeg(400, 100), faces));
        (extracts(&made)[0].left, made.files[0].notes.clone())
    };
    assert_eq!(left_of(&[]), (0, vec![Note::NoFace]));
    // One in the middle of the window, two that fit side by side, two of which only the larger fits.
    assert_eq!(left_of(&[area(0.7, 0.2, 0.1, 0.4)]), (250, vec![]));
    assert_eq!(
        left_of(&[area(0.5, 0.2, 0.05, 0.2), area(0.6, 0.2, 0.1, 0.4)]),
        (190, vec![])
    );
    assert_eq!(
        left_of(&[area(0.0, 0.2, 0.05, 0.2), area(0.6, 0.2, 0.1, 0.4)]),
        (210, vec![])
    );
}

#[test]
fn faces_are_hidden_where_they_are_in_the_file() {
    let blur = "{ resize: { width: 100, height: 100, fit: cover, gravity: east }, \
                steps: [ { blur: { sigma: 5, region: faces } } ], formats: [png] }";
    let made = plan(blur, &with(jpeg(400, 200), &[area(0.7, 0.5, 0.1, 0.2)]));
    let effect = made
        .nodes
        .iter()
        .flat_map(|node| &node.steps)
        .find_map(|step| match step {
            Step::Effect(Effect::Blur {
                parts: Some(parts), ..
            }) => Some(parts.clone()),
            _ => None,
        });
    // 20 x 20 at 40,50 of the file; 15 % on each side and a fifth more above.
    assert_eq!(
        effect.unwrap(),
        [Rect {
            left: 37,
            top: 43,
            width: 26,
            height: 30
        }]
    );
    let none = plan(blur, &with(jpeg(400, 200), &[]));
    assert_eq!(none.files[0].notes, [Note::NoFace]);
}

#[test]
fn faces_cannot_be_hidden_after_a_crop_that_only_pixels_decide() {
    let text = "version: 1\nfrom: { folder: a }\nto: { folder: b }\nrecipes:\n  r:\n    derivatives:\n      t:\n        \
                resize: { width: 9, height: 9, fit: cover, gravity: attention }\n        \
                steps: [ { blur: { sigma: 5, region: faces } } ]\n        formats: [png]\n";
    let refused = minilab_recipe::Document::parse("t.yaml", text, &|_| None).unwrap_err();
    assert!(
        refused.render().contains("decided by pixels"),
        "{}",
        refused.render()
    );
}

#[test]
fn focal_area_comes_from_metadata_then_from_marks_in_the_picture() {
    let focal = "{ crop: { to: focal, else: centre }, formats: [png] }";
    let mut original = jpeg(1000, 1000);
    assert_eq!(extracts(&plan(focal, &original)), []);
    let mark = |kind, x| Mark {
        kind,
        area: area(x, 0.5, 0.1, 0.1),
    };
    original.findings.embedded = Some(Embedded {
        regions: vec![mark(MarkKind::Focus, 0.1), mark(MarkKind::Face, 0.3)],
        ..Embedded::default()
    });
    assert_eq!(extracts(&plan(focal, &original))[0].left, 300);
    original.focal = Area::from_metadata("0.6,0.5,0.1,0.1");
    assert_eq!(extracts(&plan(focal, &original))[0].left, 600);
    let half = "{ crop: { to: focal, closeness: 0.5 }, formats: [png] }";
    assert_eq!(
        extracts(&plan(half, &original))[0],
        Rect {
            left: 300,
            top: 250,
            width: 550,
            height: 550
        }
    );
}

#[test]
fn crop_that_people_have_made_stands_instead_of_the_automatic_one() {
    let recipe = recipe(&format!("{{ t: {ZOOM}, other: {ZOOM} }}"));
    assert!(recipe.reads().contains(&"minilab-crop-t".to_owned()));
    let metadata = [("minilab-crop-t".to_owned(), "0.5,0.25,0.25,0.5".to_owned())].into();
    let mut original = with(jpeg(1000, 500), &[area(0.1, 0.1, 0.1, 0.2)]);
    (original.focal, original.crops) = recipe.told(&metadata);
    let plan = recipe.plan(&original, &recipe.lanes()).unwrap();
    let own = Rect {
        left: 500,
        top: 125,
        width: 250,
        height: 250,
    };
    assert_eq!(extracts(&plan).iter().filter(|rect| **rect == own).count(), 1);
    let none = [].into();
    let sha = "0".repeat(64);
    let of = |name: &str| plan.files.iter().find(|file| file.derivative == name).unwrap();
    assert_ne!(
        recipe.fingerprint(of("t"), &sha, &metadata),
        recipe.fingerprint(of("t"), &sha, &none)
    );
    assert_eq!(
        recipe.fingerprint(of("other"), &sha, &metadata),
        recipe.fingerprint(of("other"), &sha, &none)
    );
}

#[test]
fn only_recipes_that_ask_for_faces_have_them_looked_for() {
    let asks = |text: &str| whole(text).survey();
    let plain = "derivatives: { t: { resize: { width: 9 }, formats: [png] } }";
    assert!(asks(&format!("{{ {plain} }}")).is_empty());
    assert!(asks(&format!("{{ publish: faces, {plain} }}")).faces);
    assert!(asks(&format!("{{ derivatives: {{ t: {ZOOM} }} }}")).faces);
    let unknown = recipe(&format!("{{ t: {ZOOM} }}"));
    let refused = unknown.plan(&jpeg(100, 100), &unknown.lanes()).unwrap_err();
    assert_eq!(refused.code.as_str(), "internal_faces_unknown");
}

fn unit() -> impl Strategy<Value = f64> {
    (0..=1000_u32).prop_map(|thousandths| f64::from(thousandths) / 1000.0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever the face, the crop lies in the picture, and holds the face where a window of the shape can.
    #[test]
    fn crops_lie_inside_and_hold_the_face(
        (wide, high) in (50..3000_u32, 50..3000_u32),
        (x, y, w, h) in (unit(), unit(), unit(), unit()),
        (across, down) in (20..400_u32, 20..400_u32),
        padding in 0..3_u32,
        turn in 0..4_u32,
    ) {
        let face = area(x * 0.9, y * 0.9, (w * (1.0 - x * 0.9)).max(0.05), (h * (1.0 - y * 0.9)).max(0.05));
        let original = with(jpeg(wide, high), &[face]);
        let turned = if turn == 0 { String::new() } else { format!("rotate: {}, ", turn * 90) };
        let made = plan(
            &format!(
                "{{ {turned}crop: {{ to: face, padding: {padding} }}, \
                 resize: {{ width: {across}, height: {down}, fit: cover, enlarge: true, kernel: nearest }}, formats: [png] }}"
            ),
            &original,
        );
        let lies = turn % 2 == 1;
        let (pw, ph) = if lies { (high, wide) } else { (wide, high) };
        // All of the picture is shown where nothing is extracted.
        let window = extracts(&made).first().copied().filter(|_| made.decode.size.width == wide);
        let window = window.unwrap_or(Rect { left: 0, top: 0, width: pw, height: ph });
        prop_assert!(window.left + window.width <= pw && window.top + window.height <= ph);
        prop_assert_eq!(made.files[0].notes.len(), 0);
        let turns = |x: f64, y: f64| match turn {
            1 => (1.0 - y, x),
            2 => (1.0 - x, 1.0 - y),
            3 => (y, 1.0 - x),
            _ => (x, y),
        };
        let (a, b) = (turns(face.x, face.y), turns(face.x + face.width, face.y + face.height));
        let span = |one: f64, other: f64, side: u32| (one.min(other) * f64::from(side), one.max(other) * f64::from(side));
        let (fx, fy) = (span(a.0, b.0, pw), span(a.1, b.1, ph));
        let holds = |from: u32, length: u32, face: (f64, f64)| {
            let (from, to) = (f64::from(from), f64::from(from + length));
            face.1 - face.0 > f64::from(length) - 2.0 || (from <= face.0 + 1.0 && face.1 <= to + 1.0)
        };
        prop_assert!(holds(window.left, window.width, fx), "{window:?} {fx:?}");
        prop_assert!(holds(window.top, window.height, fy), "{window:?} {fy:?}");
    }
}

const EACH: &str = "{ crop: { to: face, padding: 0 }, for_each: { of: face, most: 2 }, resize: { width: 50, height: 50, fit: cover, enlarge: true }, formats: [png, webp] }";

#[test]
fn each_face_gets_files_of_its_own_the_largest_first() {
    let faces = [
        area(0.0, 0.0, 0.1, 0.1),
        area(0.5, 0.5, 0.3, 0.3),
        area(0.2, 0.2, 0.2, 0.2),
    ];
    let made = plan(EACH, &with(jpeg(1000, 1000), &faces));
    let named: Vec<_> = made
        .files
        .iter()
        .map(|file| (file.derivative.as_str(), file.face))
        .collect();
    assert_eq!(
        named,
        [
            ("t-1", Some(1)),
            ("t-1", Some(1)),
            ("t-2", Some(2)),
            ("t-2", Some(2))
        ]
    );
    let mut parts: Vec<u32> = extracts(&made).iter().map(|rect| rect.left).collect();
    parts.sort_unstable();
    let shrink = u32::from(made.decode.shrink.0);
    assert_eq!(parts, [200 / shrink, 500 / shrink]);
    // The third is told, and its picture is nobody's.
    assert_eq!(made.skipped.len(), 1);
    assert!(
        made.skipped[0].reason.starts_with("3 were found"),
        "{:?}",
        made.skipped
    );
    let prints: std::collections::BTreeSet<_> = made.files.iter().map(|file| &file.canonical).collect();
    assert_eq!(prints.len(), 4);
}

#[test]
fn without_a_face_there_is_no_file_unless_the_crop_names_another() {
    let none = with(jpeg(1000, 1000), &[]);
    let made = plan(EACH, &none);
    assert!(made.files.is_empty() && made.skipped.len() == 1, "{made:?}");
    let instead = EACH.replace("padding: 0", "padding: 0, else: west");
    let made = plan(&instead, &none);
    assert_eq!(made.files[0].derivative, "t-1");
    assert!(made.files.iter().all(|file| file.notes == [Note::NoFace]));
    let one = plan(&instead, &with(jpeg(1000, 1000), &[area(0.1, 0.1, 0.2, 0.2)]));
    assert_eq!(one.files.len(), 2);
    assert!(one.files.iter().all(|file| file.notes.is_empty()));
}

#[test]
fn manifest_is_told_of_missing_faces_and_of_those_left_out() {
    let recipe = recipe(&format!("{{ t: {EACH} }}"));
    let notes = |faces: &[Area]| {
        let original = with(jpeg(100, 100), faces);
        let notes = recipe.notes_of(&original.probe, &original.findings);
        notes
            .into_iter()
            .map(|(name, note)| (name.to_owned(), note))
            .collect::<Vec<_>>()
    };
    let face = area(0.1, 0.1, 0.2, 0.2);
    assert_eq!(notes(&[]), [("t".to_owned(), Note::NoFace)]);
    assert_eq!(notes(&[face, face]), []);
    assert_eq!(notes(&[face; 3]), [("t".to_owned(), Note::FacesLeftOut)]);
}

#[test]
fn a_face_can_be_picked_by_its_number_or_cropped_by_hand() {
    let faces = [area(0.0, 0.0, 0.3, 0.3), area(0.5, 0.5, 0.1, 0.1)];
    let second = "{ crop: { to: face, padding: 0, pick: 2, else: [] }, formats: [png] }";
    let made = plan(second, &with(jpeg(1000, 1000), &faces));
    assert_eq!((extracts(&made)[0].left, extracts(&made)[0].width), (500, 100));
    assert!(
        plan(second, &with(jpeg(1000, 1000), &faces[..1]))
            .files
            .is_empty()
    );

    let recipe = recipe(&format!("{{ t: {EACH} }}"));
    assert!(recipe.reads().contains(&"minilab-crop-t-2".to_owned()));
    let told = [("minilab-crop-t-2".to_owned(), "0.1,0.1,0.2,0.2".to_owned())].into();
    let mut original = with(jpeg(1000, 1000), &faces[..1]);
    original.crops = recipe.told(&told).1;
    let made = recipe.plan(&original, &recipe.lanes()).unwrap();
    let named: Vec<_> = made.files.iter().map(|file| file.derivative.as_str()).collect();
    assert_eq!(named, ["t-1", "t-1", "t-2", "t-2"]);
    // What people crop to changes that file and no other.
    let print = |index: usize, metadata| recipe.fingerprint(&made.files[index], "00", metadata);
    let none = std::collections::BTreeMap::new();
    assert_eq!(print(0, &none), print(0, &told));
    assert_ne!(print(2, &none), print(2, &told));
}

#[test]
fn names_of_files_tell_their_faces_apart() {
    let original = with(
        jpeg(1000, 1000),
        &[area(0.0, 0.0, 0.3, 0.3), area(0.5, 0.5, 0.3, 0.3)],
    );
    let keys = |recipe: &minilab_recipe::Recipe| -> Vec<String> {
        let made = recipe.plan(&original, &recipe.lanes()).unwrap();
        let files = made.files.iter();
        files
            .map(|file| recipe.key("a.jpg", file, "g1-0123456789").unwrap())
            .collect()
    };
    let usual = recipe(&format!("{{ t: {EACH} }}"));
    assert_eq!(keys(&usual)[0], "a.jpg/t-1-50w.g1-0123456789.webp");
    let told = whole(&format!(
        "{{ key: '{{original}}/{{name}}.face{{face}}.{{version}}.{{ext}}', derivatives: {{ t: {EACH} }} }}"
    ));
    assert_eq!(keys(&told)[2], "a.jpg/t.face2.g1-0123456789.webp");
}

#[test]
fn mistakes_about_faces_are_told() {
    let wrong = |recipe: &str| {
        let text = format!(
            "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\nrecipes: {{ r: {recipe} }}\n"
        );
        let diagnostics = minilab_recipe::Document::parse("t.yaml", &text, &|_| None).unwrap_err();
        diagnostics.render()
    };
    for (recipe, told) in [
        (
            "{ derivatives: { t: { for_each: face, formats: [png] } } }".to_owned(),
            "each face is cropped to",
        ),
        (
            "{ derivatives: { t: { for_each: face, crop: { to: face, pick: all }, formats: [png] } } }"
                .to_owned(),
            "none is picked",
        ),
        (
            format!("{{ derivatives: {{ t: {EACH}, t-2: {{ formats: [png] }} }} }}"),
            "as another derivative is",
        ),
        (
            format!("{{ urls: both, derivatives: {{ t: {EACH} }} }}"),
            "known from the manifest alone",
        ),
        (
            format!(
                "{{ key: '{{original}}/{{name}}{{face}}.{{version}}.{{ext}}', derivatives: {{ t: {EACH}, u: {{ formats: [png] }} }} }}"
            ),
            "is of no face",
        ),
        (
            "{ derivatives: { t: { crop: { to: focal, else: [] }, formats: [png] } } }".to_owned(),
            "something must be shown",
        ),
    ] {
        let said = wrong(&recipe).replace('\n', " ");
        assert!(said.contains(told), "{told}: {said}");
    }
}
