//! What holds for every plan, whatever the recipe and the original.
#![allow(clippy::unwrap_used, reason = "test code outside of test functions")]
mod world;

use std::collections::BTreeSet;

use minilab_recipe::{Area, CHAIN_MARGIN, Format, Lane, Original, Plan, Recipe, Size, Source, Step};
use proptest::prelude::*;
use world::{jpeg, recipe};

const FITS: [&str; 5] = ["inside", "outside", "cover", "contain", "fill"];
const GRAVITIES: [&str; 4] = ["centre", "northeast", "[focal, attention]", "south"];
const TURNS: [&str; 7] = [
    "",
    "rotate: 90",
    "rotate: 180, flip: true",
    "flop: true",
    "rotate: 270",
    "rotate: 33",
    "autorotate: false",
];

#[derive(Debug, Clone)]
struct Asked {
    widths: Vec<u32>,
    height: Option<u32>,
    fit: &'static str,
    gravity: &'static str,
    turn: &'static str,
    extract: bool,
    extend: bool,
    enlarge: bool,
}

impl Asked {
    /// One entry of `derivatives`, its keys in order or reversed.
    fn write(&self, name: &str, reversed: bool) -> String {
        let boxed = self.height.is_some() && self.widths.len() == 1;
        let mut resize = match (&self.widths[..], self.height) {
            ([width], Some(height)) => vec![format!("width: {width}"), format!("height: {height}")],
            (widths, _) => vec![format!("widths: {widths:?}")],
        };
        if boxed {
            resize.push(format!("fit: {}", self.fit));
            let compass = !self.gravity.starts_with('[');
            if self.fit == "cover" || (self.fit == "contain" && compass) {
                resize.push(format!("gravity: {}", self.gravity));
            }
        }
        resize.push(format!("enlarge: {}", self.enlarge));
        let mut keys = vec![
            format!("resize: {{ {} }}", resize.join(", ")),
            "formats: [webp, jpeg]".to_owned(),
        ];
        if !self.turn.is_empty() {
            keys.push(self.turn.to_owned());
        }
        if self.extract {
            keys.push("extract: { left: 10, top: 20, width: 60, height: 50, unit: percent }".to_owned());
        }
        if self.extend {
            keys.push("extend: { all: 3 }".to_owned());
        }
        if reversed {
            keys.reverse();
        }
        format!("{name}: {{ {} }}", keys.join(", "))
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let widths = prop::collection::btree_set(1u32..3000, 1..6).prop_map(|set| set.into_iter().collect());
    let words = (
        prop::sample::select(&FITS[..]),
        prop::sample::select(&GRAVITIES[..]),
        prop::sample::select(&TURNS[..]),
    );
    let flags = (any::<bool>(), any::<bool>(), any::<bool>());
    (widths, prop::option::of(1u32..2000), words, flags).prop_map(
        |(widths, height, (fit, gravity, turn), (extract, extend, enlarge))| Asked {
            widths,
            height,
            fit,
            gravity,
            turn,
            extract,
            extend,
            enlarge,
        },
    )
}

fn original() -> impl Strategy<Value = Original> {
    let format = prop::sample::select(&[Format::Jpeg, Format::Png, Format::Webp][..]);
    (
        1u32..6000,
        1u32..6000,
        1u8..=8,
        format,
        prop::option::of((0.0..=1.0, 0.0..=1.0)),
    )
        .prop_map(|(width, height, orientation, format, focal)| {
            let mut original = jpeg(width, height);
            original.probe.orientation = orientation;
            original.probe.format = format;
            original.focal = focal.map(|(x, y)| Area {
                x,
                y,
                width: 0.0,
                height: 0.0,
            });
            original
        })
}

fn recipe_of(asked: &[Asked], reversed: bool) -> Recipe {
    let mut entries: Vec<_> = asked
        .iter()
        .enumerate()
        .map(|(index, asked)| asked.write(&format!("d{index}"), reversed))
        .collect();
    if reversed {
        entries.reverse();
    }
    recipe(&format!("{{ {} }}", entries.join(", ")))
}

fn size_of(plan: &Plan, source: Source) -> Size {
    match source {
        Source::Trunk => plan.decode.size,
        Source::Page(index) => plan.further[index].size,
        Source::Node(index) => plan.nodes[index].size,
    }
}

/// Sizes after each step, starting with the source's.
fn replay(plan: &Plan, index: usize) -> Result<Vec<Size>, TestCaseError> {
    let node = &plan.nodes[index];
    let mut sizes = vec![size_of(plan, node.from)];
    for step in &node.steps {
        let before = *sizes.last().unwrap();
        sizes.push(match step {
            Step::Extract(rect) => {
                prop_assert!(
                    rect.left + rect.width <= before.width && rect.top + rect.height <= before.height
                );
                prop_assert!(rect.width > 0 && rect.height > 0);
                Size {
                    width: rect.width,
                    height: rect.height,
                }
            }
            Step::SmartCrop { size, .. } => {
                prop_assert!(size.width <= before.width && size.height <= before.height);
                *size
            }
            Step::Extend { size, left, top, .. } => {
                prop_assert!(left + before.width <= size.width && top + before.height <= size.height);
                *size
            }
            Step::Resize { size, .. } => *size,
            Step::Turn(minilab_recipe::Turn::Half)
            | Step::Frame(_)
            | Step::Flip
            | Step::Flop
            | Step::Effect(_)
            | Step::Composite(_)
            | Step::Mask(_)
            | Step::Text(_) => before,
            Step::Turn(_) => Size {
                width: before.height,
                height: before.width,
            },
            // Any angle: the planner's own formula, checked where the node ends.
            Step::Rotate { degrees, .. } => {
                let (sin, cos) = degrees.to_radians().sin_cos();
                let (w, h) = (f64::from(before.width), f64::from(before.height));
                let side = |a: f64, b: f64| (a.abs() + b.abs()).round().max(1.0) as u32;
                Size {
                    width: side(w * cos, h * sin),
                    height: side(w * sin, h * cos),
                }
            }
        });
    }
    Ok(sizes)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_tree_is_sound(asked in prop::collection::vec(asked(), 1..5), original in original()) {
        let plan = recipe_of(&asked, false).plan(&original, &Lane::ALL).unwrap();
        let mut used = BTreeSet::new();
        for (index, node) in plan.nodes.iter().enumerate() {
            prop_assert!(!node.steps.is_empty());
            if let Source::Node(parent) = node.from {
                prop_assert!(parent < index, "parents come first");
                used.insert(parent);
            }
            prop_assert_eq!(replay(&plan, index)?.last().copied(), Some(node.size));
        }
        for file in &plan.files {
            prop_assert_eq!(file.size, size_of(&plan, file.from));
            if let Source::Node(index) = file.from {
                used.insert(index);
            }
        }
        prop_assert_eq!(used.len(), plan.nodes.len(), "every node is used");
        let upright = original.probe.upright();
        prop_assert!(plan.decode.size.width <= upright.width && plan.decode.size.height <= upright.height);
    }

    #[test]
    fn nothing_is_made_from_a_level_that_is_too_near(
        asked in prop::collection::vec(asked(), 1..5), original in original(),
    ) {
        let plan = recipe_of(&asked, false).plan(&original, &Lane::ALL).unwrap();
        let upright = original.probe.upright();
        let by = u32::from(plan.decode.shrink.0);
        let loaded = Size { width: upright.width.div_ceil(by), height: upright.height.div_ceil(by) };
        let resampled = |source: Source| match source {
            Source::Trunk | Source::Page(_) => plan.decode.size != loaded,
            Source::Node(_) => true,
        };
        for (index, node) in plan.nodes.iter().enumerate() {
            let sizes = replay(&plan, index)?;
            for (step, before) in node.steps.iter().zip(&sizes) {
                let Step::Resize { size, .. } = step else { continue };
                let fresh = !resampled(node.from) || sibling_root(&plan, node.from);
                let far = f64::from(before.width) >= CHAIN_MARGIN * f64::from(size.width)
                    && f64::from(before.height) >= CHAIN_MARGIN * f64::from(size.height);
                prop_assert!(fresh || far, "{before:?} to {size:?}");
            }
        }
    }

    #[test]
    fn no_file_is_larger_than_asked_or_enlarged_unless_told(one in asked(), original in original()) {
        let mut one = one;
        one.extend = false;
        let recipe = recipe_of(std::slice::from_ref(&one), false);
        let plan = recipe.plan(&original, &Lane::ALL).unwrap();
        let most = *one.widths.last().unwrap();
        let boxed = one.height.filter(|_| one.widths.len() == 1);
        for file in &plan.files {
            if boxed.is_none() || one.fit != "outside" {
                prop_assert!(file.size.width <= most, "{:?}", file.size);
                prop_assert!(boxed.is_none_or(|height| file.size.height <= height), "{:?}", file.size);
            }
        }
        if !one.enlarge {
            for (index, node) in plan.nodes.iter().enumerate() {
                for (step, before) in node.steps.iter().zip(replay(&plan, index)?) {
                    if let Step::Resize { size, .. } = step {
                        prop_assert!(size.width <= before.width && size.height <= before.height);
                    }
                }
            }
        }
    }

    #[test]
    fn shape_is_kept_within_rounding(one in asked(), original in original()) {
        let mut one = one;
        (one.extend, one.extract, one.turn) = (false, false, "");
        let boxed = one.height.is_some() && one.widths.len() == 1;
        prop_assume!(!boxed || one.fit == "inside" || one.fit == "outside");
        let plan = recipe_of(&[one], false).plan(&original, &Lane::ALL).unwrap();
        let upright = original.probe.upright();
        for file in &plan.files {
            let scale = f64::from(file.size.width) / f64::from(upright.width);
            let by_height = f64::from(file.size.height) / f64::from(upright.height);
            let across = (f64::from(upright.width) * by_height - f64::from(file.size.width)).abs();
            let down = (f64::from(upright.height) * scale - f64::from(file.size.height)).abs();
            prop_assert!(across <= 0.51 || down <= 0.51 || file.size.width == 1 || file.size.height == 1);
        }
    }

    #[test]
    fn order_in_the_document_changes_nothing(
        asked in prop::collection::vec(asked(), 1..5), original in original(),
    ) {
        let (one, other) = (recipe_of(&asked, false), recipe_of(&asked, true));
        let (mut a, mut b) = (one.plan(&original, &Lane::ALL).unwrap(), other.plan(&original, &Lane::ALL).unwrap());
        a.skipped.sort_by(|x, y| x.what.cmp(&y.what));
        b.skipped.sort_by(|x, y| x.what.cmp(&y.what));
        prop_assert_eq!(a, b);
    }

    #[test]
    fn keys_are_unique_and_every_stable_key_is_served(
        asked in prop::collection::vec(asked(), 1..5), original in original(),
    ) {
        let recipe = recipe_of(&asked, false);
        let plan = recipe.plan(&original, &Lane::ALL).unwrap();
        let mut keys = BTreeSet::new();
        for file in &plan.files {
            let key = recipe.key(original.key.as_str(), file, "g1-0123456789").unwrap();
            prop_assert!(minilab_recipe::is_file_key(&original.key, &key));
            prop_assert!(keys.insert(key.clone()), "{key} twice");
        }
        for rung in recipe.rungs() {
            let key = recipe.stable_key(&original.key, &rung).unwrap();
            prop_assert!(minilab_recipe::is_alias_key(&original.key, &key));
            prop_assert!(keys.insert(key));
            let own: Vec<Size> = plan.files.iter()
                .filter(|file| file.derivative == rung.derivative && file.encoding.format() == rung.format)
                .map(|file| file.size)
                .collect();
            prop_assert!(rung.pick(&own).is_some(), "no file for {rung:?}");
        }
    }
}

/// Is it a turned or cut trunk that is not resampled itself?
fn sibling_root(plan: &Plan, source: Source) -> bool {
    let Source::Node(index) = source else { return false };
    let by_pixels = |step: &Step| matches!(step, Step::Resize { .. });
    let node = &plan.nodes[index];
    !node.steps.iter().any(by_pixels)
}
