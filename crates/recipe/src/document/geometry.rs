//! Reading turns, trims, extracts and borders.
use super::read::{Fields, Problems};
use super::scalar;
use super::tree::{Tree, Value};
use crate::diagnostic::Code;
use crate::{Background, Edges, Extend, Extract, Filling, Margin, Rotation, Trim, Unit};

/// `90`, or `{ degrees: 12.5, background: "#fff" }`. `None`: also for no turn at all.
pub(super) fn rotation(tree: &Tree, paint: Background, problems: &Problems) -> Option<Rotation> {
    let (degrees, background) = if matches!(tree.value, Value::Map(_)) {
        let mut fields = Fields::open("rotate", tree, problems)?;
        let degrees = fields.require("degrees", |t, p| scalar::number(t, -360.0..=360.0, p));
        let background = fields.read("background", scalar::background).unwrap_or(paint);
        fields.close();
        (degrees?, background)
    } else {
        (scalar::number(tree, -360.0..=360.0, problems)?, paint)
    };
    let degrees = degrees.rem_euclid(360.0);
    (degrees > 0.0).then_some(Rotation { degrees, background })
}

/// How far from the border's colour a pixel may be unless it is said: sharp's.
const TRIM_THRESHOLD: f64 = 10.0;

/// `true`, or `{ threshold: 10, padding: 0 }`.
pub(super) fn trim(tree: &Tree, problems: &Problems) -> Option<Trim> {
    if !matches!(tree.value, Value::Map(_)) {
        let wanted = scalar::boolean(tree, problems)?;
        return wanted.then_some(Trim {
            threshold: TRIM_THRESHOLD,
            padding: Margin::Px(0),
        });
    }
    let mut fields = Fields::open("trim", tree, problems)?;
    let threshold = fields.read("threshold", |t, p| scalar::number(t, 0.0..=255.0, p));
    let padding = fields.read("padding", margin);
    fields.close();
    Some(Trim {
        threshold: threshold.unwrap_or(TRIM_THRESHOLD),
        padding: padding.unwrap_or(Margin::Px(0)),
    })
}

/// `10`, or `0.5%`.
fn margin(tree: &Tree, problems: &Problems) -> Option<Margin> {
    if matches!(&tree.value, Value::Scalar(text) if text.ends_with('%')) {
        return scalar::percent(tree, 0.0..=50.0, problems).map(Margin::Percent);
    }
    scalar::integer(tree, 0..=10_000, problems).map(Margin::Px)
}

pub(super) fn extract(tree: &Tree, problems: &Problems) -> Option<Extract> {
    let mut fields = Fields::open("extract", tree, problems)?;
    let units = [("px", Unit::Px), ("percent", Unit::Percent)];
    let unit = fields
        .read("unit", |t, p| scalar::choice(t, &units, p))
        .unwrap_or(Unit::Px);
    let max = if unit == Unit::Percent { 100.0 } else { 1e6 };
    let least = if unit == Unit::Percent { 0.01 } else { 1.0 };
    let left = fields.read("left", |t, p| scalar::number(t, 0.0..=max, p));
    let top = fields.read("top", |t, p| scalar::number(t, 0.0..=max, p));
    let width = fields.require("width", |t, p| scalar::number(t, least..=max, p));
    let height = fields.require("height", |t, p| scalar::number(t, least..=max, p));
    let extract = Extract {
        left: left.unwrap_or(0.0),
        top: top.unwrap_or(0.0),
        width: width?,
        height: height?,
        unit,
    };
    if unit == Unit::Percent && (extract.left + extract.width > 100.0 || extract.top + extract.height > 100.0)
    {
        fields.conflict(
            "unit",
            "the extract reaches beyond 100 percent",
            "left + width and top + height end at 100",
        );
    }
    fields.close();
    Some(extract)
}

pub(super) fn extend(tree: &Tree, paint: Background, problems: &Problems) -> Option<Extend> {
    #[derive(Clone, Copy, PartialEq)]
    enum Mode {
        Background,
        Copy,
        Mirror,
    }
    let mut fields = Fields::open("extend", tree, problems)?;
    let mut edge = |key| fields.read(key, |t, p| scalar::integer(t, 0..=10_000, p));
    let all = edge("all").unwrap_or(0);
    let edges = Edges {
        top: edge("top").unwrap_or(all),
        right: edge("right").unwrap_or(all),
        bottom: edge("bottom").unwrap_or(all),
        left: edge("left").unwrap_or(all),
    };
    let modes = [
        ("background", Mode::Background),
        ("copy", Mode::Copy),
        ("mirror", Mode::Mirror),
    ];
    let mode = fields
        .read("mode", |t, p| scalar::choice(t, &modes, p))
        .unwrap_or(Mode::Background);
    let background = fields.read("background", scalar::filling);
    if background.is_some() && mode != Mode::Background {
        fields.conflict(
            "background",
            "a background has no effect with this mode",
            "drop one of them",
        );
    }
    if edges == Edges::default() {
        let help = Some("all: 10, or some of top, right, bottom, left".to_owned());
        problems.note(fields.span(), Code::MissingKey, "extend adds nothing", help);
    }
    fields.close();
    let filling = match mode {
        Mode::Background => background.unwrap_or(Filling::Background(paint)),
        Mode::Copy => Filling::Copy,
        Mode::Mirror => Filling::Mirror,
    };
    Some(Extend { edges, filling })
}
