//! Reading effects with lengths and places: blur, pixelate, sharpen, round.
use super::super::read::{Fields, Problems};
use super::super::scalar;
use super::super::tree::{Tree, Value};
use crate::{AskedStep, Extract, Radius, Region, Unit, When};

/// Standard deviations: below it nothing is seen, above it a blur costs more than a decoder.
const SIGMA: std::ops::RangeInclusive<f64> = 0.3..=250.0;

/// How much `sharpen` does in flat areas and at edges: sharp's.
const SHARPEN: (f64, f64) = (1.0, 2.0);

pub(super) fn read(fields: &mut Fields<'_>) -> Option<AskedStep> {
    let read = [
        fields.read("blur", blur),
        fields.read("pixelate", pixelate),
        fields.read("sharpen", sharpen),
        fields.read("round", round),
    ];
    read.into_iter().flatten().next()
}

fn sigma(tree: &Tree, problems: &Problems) -> Option<f64> {
    scalar::number(tree, SIGMA, problems)
}

/// `5`, or `{ sigma: 5, region: { ... } }`.
fn blur(tree: &Tree, problems: &Problems) -> Option<AskedStep> {
    if !matches!(tree.value, Value::Map(_)) {
        let sigma = sigma(tree, problems)?;
        return Some(AskedStep::Blur { sigma, region: None });
    }
    let mut fields = Fields::open("blur", tree, problems)?;
    let sigma = fields.require("sigma", sigma);
    let region = fields.read("region", region);
    fields.close();
    Some(AskedStep::Blur {
        sigma: sigma?,
        region,
    })
}

/// `12`, or `{ size: 12, region: { ... } }`.
fn pixelate(tree: &Tree, problems: &Problems) -> Option<AskedStep> {
    let side = |tree: &Tree, problems: &Problems| scalar::number(tree, 2.0..=1000.0, problems);
    if !matches!(tree.value, Value::Map(_)) {
        let size = side(tree, problems)?;
        return Some(AskedStep::Pixelate { size, region: None });
    }
    let mut fields = Fields::open("pixelate", tree, problems)?;
    let size = fields.require("size", side);
    let region = fields.read("region", region);
    fields.close();
    Some(AskedStep::Pixelate { size: size?, region })
}

/// `0.8`, or `{ sigma: 0.8, m1: 1, m2: 2, when: downscale }`.
fn sharpen(tree: &Tree, problems: &Problems) -> Option<AskedStep> {
    let steepest = 10.0;
    let within = |t: &Tree, p: &Problems| scalar::number(t, 0.1..=steepest, p);
    if !matches!(tree.value, Value::Map(_)) {
        let sigma = within(tree, problems)?;
        let (m1, m2) = SHARPEN;
        let when = When::Always;
        return Some(AskedStep::Sharpen { sigma, m1, m2, when });
    }
    let mut fields = Fields::open("sharpen", tree, problems)?;
    let sigma = fields.require("sigma", within);
    let mut strength = |key| fields.read(key, |t, p| scalar::number(t, 0.0..=1e6, p));
    let (m1, m2) = (strength("m1"), strength("m2"));
    let whens = [("always", When::Always), ("downscale", When::Downscale)];
    let when = fields.read("when", |t, p| scalar::choice(t, &whens, p));
    fields.close();
    Some(AskedStep::Sharpen {
        sigma: sigma?,
        m1: m1.unwrap_or(SHARPEN.0),
        m2: m2.unwrap_or(SHARPEN.1),
        when: when.unwrap_or(When::Always),
    })
}

/// `12`, `10%`, `max`, or `{ radius: 12, background: "#fff" }`.
fn round(tree: &Tree, problems: &Problems) -> Option<AskedStep> {
    if !matches!(tree.value, Value::Map(_)) {
        let radius = radius(tree, problems)?;
        let background = None;
        return Some(AskedStep::Round { radius, background });
    }
    let mut fields = Fields::open("round", tree, problems)?;
    let radius = fields.require("radius", radius);
    let background = fields.read("background", scalar::colour);
    fields.close();
    Some(AskedStep::Round {
        radius: radius?,
        background,
    })
}

fn radius(tree: &Tree, problems: &Problems) -> Option<Radius> {
    match scalar::text(tree, problems)?.as_str() {
        "max" => Some(Radius::Max),
        text if text.ends_with('%') => scalar::percent(tree, 0.1..=50.0, problems).map(Radius::Percent),
        _ => scalar::number(tree, 0.5..=10_000.0, problems).map(Radius::Px),
    }
}

/// `faces`, or `{ left: 10, top: 20, width: 30, height: 40, unit: percent }`, of the file.
fn region(tree: &Tree, problems: &Problems) -> Option<Region> {
    if matches!(&tree.value, Value::Scalar(text) if text == "faces") {
        return Some(Region::Faces);
    }
    let mut fields = Fields::open("region", tree, problems)?;
    let units = [("px", Unit::Px), ("percent", Unit::Percent)];
    let unit = fields
        .read("unit", |t, p| scalar::choice(t, &units, p))
        .unwrap_or(Unit::Px);
    let max = if unit == Unit::Percent { 100.0 } else { 1e5 };
    let least = if unit == Unit::Percent { 0.01 } else { 1.0 };
    let left = fields.read("left", |t, p| scalar::number(t, 0.0..=max, p));
    let top = fields.read("top", |t, p| scalar::number(t, 0.0..=max, p));
    let width = fields.require("width", |t, p| scalar::number(t, least..=max, p));
    let height = fields.require("height", |t, p| scalar::number(t, least..=max, p));
    let part = Extract {
        left: left.unwrap_or(0.0),
        top: top.unwrap_or(0.0),
        width: width?,
        height: height?,
        unit,
    };
    if unit == Unit::Percent && (part.left + part.width > 100.0 || part.top + part.height > 100.0) {
        fields.conflict(
            "unit",
            "the region reaches beyond 100 percent",
            "left + width and top + height end at 100",
        );
    }
    fields.close();
    Some(Region::Part(part))
}
