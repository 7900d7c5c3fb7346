//! What a survey has decoded: the plan after it goes on with that, where it serves.
#![expect(clippy::unwrap_used, reason = "test code outside of test functions")]
mod world;

use minilab_recipe::{Area, Decode, Format, Original, Plan, Rect};
use world::{area, jpeg, png, recipe, with};

const ZOOM: &str = "{ crop: { to: face, padding: 0.5 }, resize: { width: 200, height: 200, fit: cover, enlarge: true }, formats: [png] }";

/// What a survey decodes, and the plan after it where it finds that one face.
fn surveyed(derivatives: &str, original: Original, face: Area) -> (Decode, Plan) {
    let recipe = recipe(derivatives);
    let decode = recipe.foresee(&original, &recipe.survey()).unwrap();
    let mut original = with(original, &[face]);
    original.at_hand = Some(decode.clone());
    let plan = recipe.plan(&original, &recipe.lanes()).unwrap();
    (decode, plan)
}

const LADDER: &str = "photo: { resize: { widths: [320, 640, 1280, 2560] }, formats: [jpeg] }";

#[test]
fn plan_goes_on_with_what_was_decoded_to_find_faces() {
    let thumb =
        "thumb: { resize: { width: 200, height: 200, fit: cover, gravity: [face] }, formats: [webp] }";
    let zoom = format!("zoom: {ZOOM}");
    // Ladders need most of it; small files no more than the detector does; a face of a fifth is still large enough.
    for (derivatives, width) in [
        (format!("{{ {LADDER}, {thumb} }}"), 2560),
        (format!("{{ {thumb} }}"), 640),
        (format!("{{ {LADDER}, {zoom} }}"), 2560),
    ] {
        for original in [jpeg(5000, 4000), png(5000, 4000)] {
            let (decode, plan) = surveyed(&derivatives, original, area(0.4, 0.4, 0.2, 0.2));
            assert_eq!(decode.size.width, width, "{derivatives}");
            assert_eq!(plan.decode, decode, "{derivatives}");
        }
    }
}

#[test]
fn face_too_small_in_what_is_at_hand_is_decoded_again() {
    let derivatives = format!("{{ zoom: {ZOOM} }}");
    let (decode, plan) = surveyed(&derivatives, jpeg(5000, 4000), area(0.4, 0.4, 0.05, 0.05));
    assert_eq!(decode.size.width, 640);
    assert!(plan.decode.size.width >= 2000, "{:?}", plan.decode);
}

#[test]
fn what_is_at_hand_serves_only_plans_of_its_kind() {
    let surveyed = |recipe: &str, original: Original| {
        let recipe = world::whole(recipe);
        let decode = recipe.foresee(&original, &recipe.survey()).unwrap();
        let mut original = with(original, &[]);
        original.at_hand = Some(decode.clone());
        (decode, recipe.plan(&original, &recipe.lanes()).unwrap())
    };
    let thumb = "t: { resize: { width: 200, height: 200, fit: cover, gravity: [face] }, formats: [webp] }";
    // Faces are looked for in sRGB, and in the first frame alone.
    let (decode, plan) = surveyed(
        &format!("{{ colour: p3, derivatives: {{ {thumb} }} }}"),
        jpeg(5000, 4000),
    );
    assert_ne!(plan.decode.colour, decode.colour);
    let mut moving = png(500, 400);
    (moving.probe.format, moving.probe.pages) = (Format::Gif, 9);
    let (decode, plan) = surveyed(&format!("{{ derivatives: {{ {thumb} }} }}"), moving);
    assert_eq!((decode.frames, plan.decode.frames), (1, 9));
    // A survey for a trim decodes all, which a plan takes as long as that is no burden.
    let trim = "{ derivatives: { t: { trim: true, resize: { width: 200, height: 150, fit: cover, gravity: [face] }, formats: [webp] } } }";
    for (side, kept) in [(5000, true), (9000, false)] {
        let recipe = world::whole(trim);
        let mut original = with(jpeg(side, side), &[]);
        let survey = recipe.survey().lacking(&original.findings);
        original.at_hand = recipe.foresee(&original, &survey);
        let all = Rect {
            left: 0,
            top: 0,
            width: side,
            height: side,
        };
        original.findings.trims = survey.trims.iter().map(|trim| (trim.clone(), all)).collect();
        let plan = recipe.plan(&original, &recipe.lanes()).unwrap();
        assert_eq!(plan.decode.size.width == side, kept, "{side}");
    }
}
