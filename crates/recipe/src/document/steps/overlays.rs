//! Reading overlays: composite, mask, text.
use super::super::read::{Fields, Problems};
use super::super::scalar;
use super::super::tree::{Tree, Value};
use crate::diagnostic::Code;
use crate::{
    AskedComposite, AskedLaying, AskedMask, AskedStep, AskedText, AssetName, Blend, Font, Gravity, Length,
    Rgb, TextAlign, TextTemplate,
};

/// Longest key that stores take.
const KEY_BYTES_MAX: usize = 1024;
/// Hundredths of a side: letters that a tenth more would make unreadable are as wrong as a logo wider than its file.
const SIZE_PERCENT: std::ops::RangeInclusive<f64> = 0.1..=100.0;
/// How far from where the gravity puts it something may lie.
const SHIFT_PX: f64 = 16_384.0;

pub(super) fn read(fields: &mut Fields<'_>) -> Option<AskedStep> {
    let read = [
        fields.read("composite", composite),
        fields.read("mask", mask),
        fields.read("text", text),
    ];
    read.into_iter().flatten().next()
}

/// `{ image: { store: brand, key: logo.png }, gravity: southeast, width: "20%" }`.
fn composite(tree: &Tree, problems: &Problems) -> Option<AskedStep> {
    let mut fields = Fields::open("composite", tree, problems)?;
    let image = fields.require("image", asset);
    let side = |t: &Tree, p: &Problems| length(t, 1.0..=16_384.0, SIZE_PERCENT, p);
    let width = fields.read("width", side);
    let height = fields.read("height", side);
    let laying = laying(&mut fields);
    fields.close();
    Some(AskedStep::Composite(Box::new(AskedComposite {
        image: image?,
        width,
        height,
        laying,
    })))
}

/// `{ image: { store: brand, key: star.png }, invert: true }`.
fn mask(tree: &Tree, problems: &Problems) -> Option<AskedStep> {
    let mut fields = Fields::open("mask", tree, problems)?;
    let image = fields.require("image", asset);
    let invert = fields.read("invert", scalar::boolean).unwrap_or(false);
    fields.close();
    Some(AskedStep::Mask(AskedMask {
        image: image?,
        invert,
    }))
}

/// A text, or a mapping with `value`.
fn text(tree: &Tree, problems: &Problems) -> Option<AskedStep> {
    let mut fields = Fields::open("text", tree, problems)?;
    let value = fields.require("value", template);
    let missing = fields.read("missing", words);
    let font = fields.read("font", |t, p| scalar::choice(t, &Font::ALL, p));
    let size = fields.read("size", |t, p| length(t, 4.0..=4000.0, SIZE_PERCENT, p));
    let line_height = fields.read("line_height", |t, p| scalar::number(t, 0.5..=5.0, p));
    let max_width = fields.read("max_width", |t, p| length(t, 1.0..=16_384.0, SIZE_PERCENT, p));
    let aligns = [
        ("left", TextAlign::Left),
        ("centre", TextAlign::Centre),
        ("right", TextAlign::Right),
    ];
    let align = fields.read("align", |t, p| scalar::choice(t, &aligns, p));
    let colour = fields.read("colour", scalar::colour);
    let outline = fields.read("outline", outline);
    let background = fields.read("background", plate);
    let laying = laying(&mut fields);
    fields.close();
    Some(AskedStep::Text(Box::new(AskedText {
        value: value?,
        missing,
        font: font.unwrap_or_default(),
        size: size.unwrap_or(TEXT_SIZE),
        line_height: line_height.unwrap_or(LINE_HEIGHT),
        max_width,
        align: align.unwrap_or_default(),
        colour: colour.unwrap_or(WHITE),
        outline,
        background,
        laying,
    })))
}

const WHITE: Rgb = Rgb([255; 3]);
/// A caption that can be read on a thumbnail and does not shout on a poster.
const TEXT_SIZE: Length = Length::Percent(5.0);
/// What the fonts are drawn for.
const LINE_HEIGHT: f64 = 1.2;

/// Where and how something is laid on a file.
fn laying(fields: &mut Fields<'_>) -> AskedLaying {
    let shift = |t: &Tree, p: &Problems| length(t, -SHIFT_PX..=SHIFT_PX, -100.0..=100.0, p);
    let reach = |t: &Tree, p: &Problems| length(t, 0.0..=SHIFT_PX, 0.0..=50.0, p);
    let gravity = fields.read("gravity", compass);
    let left = fields.read("left", shift);
    let top = fields.read("top", shift);
    let margin = fields.read("margin", reach);
    let angle = fields.read("angle", |t, p| scalar::number(t, -360.0..=360.0, p));
    let tile = fields.read("tile", scalar::boolean).unwrap_or(false);
    let gap = fields.read("gap", reach);
    let told = fields.read("opacity", |t, p| scalar::number(t, 0.0..=1.0, p));
    let blends = Blend::ALL.map(|blend| (blend.as_str(), blend));
    let blend = fields.read("blend", |t, p| scalar::choice(t, &blends, p));
    let min_canvas = fields.read("min_canvas", canvas);
    // Without a gravity, left and top are distances from the corner, as everywhere.
    let gravity = gravity.unwrap_or(if left.is_some() || top.is_some() {
        Gravity::Northwest
    } else {
        Gravity::Centre
    });
    if gap.is_some() && !tile {
        fields.conflict(
            "gap",
            "there are no tiles to keep apart",
            "add tile: true, or drop it",
        );
    }
    if fields.has("margin") && gravity == Gravity::Centre {
        fields.conflict(
            "margin",
            "a margin keeps something from the edges, and the middle has none",
            "name a gravity, or drop it",
        );
    }
    if told == Some(0.0) {
        fields.conflict("opacity", "with opacity 0 nothing is seen", "1 is opaque");
    }
    let none = Length::Px(0.0);
    AskedLaying {
        gravity,
        left: left.unwrap_or(none),
        top: top.unwrap_or(none),
        margin: margin.unwrap_or(none),
        angle: angle.unwrap_or(0.0).rem_euclid(360.0),
        tile: tile.then(|| gap.unwrap_or(none)),
        opacity: told.unwrap_or(1.0),
        blend: blend.unwrap_or_default(),
        min_canvas,
    }
}

/// Where, without a look at the picture.
fn compass(tree: &Tree, problems: &Problems) -> Option<Gravity> {
    let words = [
        ("centre", Gravity::Centre),
        ("center", Gravity::Centre),
        ("north", Gravity::North),
        ("northeast", Gravity::Northeast),
        ("east", Gravity::East),
        ("southeast", Gravity::Southeast),
        ("south", Gravity::South),
        ("southwest", Gravity::Southwest),
        ("west", Gravity::West),
        ("northwest", Gravity::Northwest),
    ];
    scalar::choice(tree, &words, problems)
}

/// Pixels, or `20%`.
fn length(
    tree: &Tree,
    pixels: std::ops::RangeInclusive<f64>,
    percent: std::ops::RangeInclusive<f64>,
    problems: &Problems,
) -> Option<Length> {
    if matches!(&tree.value, Value::Scalar(text) if text.ends_with('%')) {
        return scalar::percent(tree, percent, problems).map(Length::Percent);
    }
    scalar::number(tree, pixels, problems).map(Length::Px)
}

/// `[300, 200]`.
fn canvas(tree: &Tree, problems: &Problems) -> Option<(u32, u32)> {
    let side = |t: &Tree, p: &Problems| scalar::integer(t, 1..=16_384, p);
    let sides = super::super::read::list(tree, problems, side)?;
    if let [width, height] = sides[..] {
        return Some((width, height));
    }
    let help = Some("[300, 200]: smaller files do without it".to_owned());
    problems.note(
        tree.span,
        Code::BadValue,
        "a canvas has a width and a height",
        help,
    );
    None
}

/// `{ store: brand, key: logo.png }`.
fn asset(tree: &Tree, problems: &Problems) -> Option<AssetName> {
    let mut fields = Fields::open("image", tree, problems)?;
    let store = fields.require("store", |tree, problems| {
        let name = scalar::text(tree, problems)?;
        problems.mention_store(&name, tree.span);
        Some(name)
    });
    let key = fields.require("key", key);
    fields.close();
    Some(AssetName {
        store: store?,
        key: key?,
    })
}

/// As stores take it: no way up, no doubled or leading slashes.
fn key(tree: &Tree, problems: &Problems) -> Option<String> {
    let key = scalar::text(tree, problems)?;
    let climbs = key.split('/').any(|part| matches!(part, "" | "." | ".."));
    if climbs || key.len() > KEY_BYTES_MAX || key.chars().any(char::is_control) {
        let help = Some("such as logos/white.png: names between single slashes".to_owned());
        problems.note(tree.span, Code::BadValue, format!("{key:?} is no key"), help);
        return None;
    }
    Some(key)
}

fn template(tree: &Tree, problems: &Problems) -> Option<TextTemplate> {
    let text = words(tree, problems)?;
    match TextTemplate::parse(&text) {
        Ok(template) => Some(template),
        Err((message, help)) => {
            problems.note(tree.span, Code::BadTemplate, message, Some(help));
            None
        }
    }
}

/// Something to write.
fn words(tree: &Tree, problems: &Problems) -> Option<String> {
    let text = scalar::text(tree, problems)?;
    let most = crate::recipe::TEXT_CHARS_MAX;
    if text.trim().is_empty() || text.chars().count() > most {
        let help = Some(format!("1 to {most} characters"));
        problems.note(tree.span, Code::BadValue, "this text cannot be written", help);
        return None;
    }
    Some(text)
}

/// `{ width: 2, colour: "#000" }`.
fn outline(tree: &Tree, problems: &Problems) -> Option<(Length, Rgb)> {
    let mut fields = Fields::open("outline", tree, problems)?;
    let width = fields.require("width", |t, p| length(t, 0.1..=200.0, 0.01..=10.0, p));
    let colour = fields.require("colour", scalar::colour);
    fields.close();
    Some((width?, colour?))
}

/// `{ colour: "#000", opacity: 0.5, padding: 8 }`, or a colour.
fn plate(tree: &Tree, problems: &Problems) -> Option<(Rgb, f64, Length)> {
    let nothing = Length::Px(0.0);
    if !matches!(tree.value, Value::Map(_)) {
        return Some((scalar::colour(tree, problems)?, 1.0, nothing));
    }
    let mut fields = Fields::open("text_background", tree, problems)?;
    let colour = fields.require("colour", scalar::colour);
    let opacity = fields.read("opacity", |t, p| scalar::number(t, 0.01..=1.0, p));
    let padding = fields.read("padding", |t, p| length(t, 0.0..=1000.0, 0.0..=25.0, p));
    fields.close();
    Some((colour?, opacity.unwrap_or(1.0), padding.unwrap_or(nothing)))
}
