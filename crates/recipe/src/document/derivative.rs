//! Reading a derivative.
use super::encodings::{self, Defaults};
use super::read::{Fields, Problems, one_or_many};
use super::resize::resize;
use super::scalar;
use super::steps;
use super::tree::{Name, Tree};
use super::{formats, geometry};
use crate::diagnostic::Code;
use crate::{Animation, AskedStep, Background, Density, Derivative, Filling, Keep, Rgb};

/// What a recipe says for all its derivatives.
pub(super) struct Common<'a> {
    defaults: &'a Defaults,
    keep: Keep,
    background: Rgb,
    animation: Animation,
}

/// White, as on paper: what transparency is put on where nothing else is said.
const WHITE: Rgb = Rgb([255; 3]);

impl<'a> Common<'a> {
    pub fn read(fields: &mut Fields<'_>, defaults: &'a Defaults) -> Self {
        let keep = fields.read("keep", keep).unwrap_or_default();
        let background = fields.read("background", scalar::colour).unwrap_or(WHITE);
        let animation = fields
            .read("animation", super::animation::animation)
            .unwrap_or_default();
        Self {
            defaults,
            keep,
            background,
            animation,
        }
    }
}

pub(super) fn derivative(
    name: &Name,
    tree: &Tree,
    common: &Common<'_>,
    problems: &Problems,
) -> Option<Derivative> {
    let mut fields = Fields::open("derivative", tree, problems)?;
    fields.planned(&["to", "keep_smaller", "page", "quality"]);
    let background = fields
        .read("background", scalar::colour)
        .unwrap_or(common.background);
    let paint = Background::Colour(background);
    let autorotate = fields.read("autorotate", scalar::boolean).unwrap_or(true);
    let rotate = fields.read("rotate", |tree, problems| {
        geometry::rotation(tree, paint, problems)
    });
    let flip = fields.read("flip", scalar::boolean).unwrap_or(false);
    let flop = fields.read("flop", scalar::boolean).unwrap_or(false);
    let trim = fields.read("trim", geometry::trim);
    let extract = fields.read("extract", geometry::extract);
    let crop = fields.read("crop", super::crop::crop);
    if crop.is_some() && extract.is_some() {
        fields.conflict("crop", "a crop takes the place of an extract", "keep one of them");
    }
    let resized = fields.read("resize", |tree, problems| resize(tree, paint, problems));
    let extend = fields.read("extend", |tree, problems| geometry::extend(tree, paint, problems));
    let border = fields.read("border", steps::border).map(AskedStep::Border);
    let steps = fields.read("steps", steps::steps).unwrap_or_default();
    let listed = resized.as_ref().is_some_and(|resized| resized.0.boxes.len() > 1);
    let asked = fields.read("densities", densities);
    let sized = resized.as_ref().is_some_and(|resized| resized.0.shape.is_none());
    if fields.has("densities") && (listed || !sized) {
        fields.conflict(
            "densities",
            "densities multiply one size, and this derivative has a list of widths or none",
            "add the larger widths to the list instead",
        );
    }
    if trim.is_some() && rotate.is_some_and(|rotation| rotation.degrees % 90.0 != 0.0) {
        fields.conflict(
            "trim",
            "a trim after a turn by such an angle would find the corners",
            "turn by quarters",
        );
    }
    let lane = fields.read("lane", encodings::lane);
    let own = fields.read("encodings", |tree, problems| {
        encodings::overrides(tree, &common.defaults.without_lanes(), problems)
    });
    let formats = fields.require("formats", |tree, problems| {
        formats::formats(tree, own.as_ref(), problems)
    });
    let kept = fields.read("keep", keep).unwrap_or(common.keep);
    let animation = fields
        .read("animation", super::animation::animation)
        .unwrap_or(common.animation);
    let steps_at = fields.span_of("steps");
    fields.close();
    let (resize, padding, backdrop) = match resized {
        Some((resize, Filling::Backdrop(backdrop))) => (Some(resize), paint, Some(backdrop)),
        Some((resize, Filling::Background(padding))) => (Some(resize), padding, None),
        Some((resize, Filling::Copy | Filling::Mirror)) => (Some(resize), paint, None),
        None => (None, paint, None),
    };
    let derivative = Derivative {
        name: name.text.clone(),
        autorotate,
        rotate,
        flip,
        flop,
        trim,
        extract,
        crop,
        resize,
        extend,
        // A border belongs to the geometry, which comes before the steps.
        steps: border.into_iter().chain(steps).collect(),
        padding,
        backdrop,
        background,
        densities: asked.unwrap_or_else(|| vec![Density::ONE]),
        encodings: formats?
            .into_iter()
            .map(|named| formats::laned(named, common.defaults, own.as_ref(), lane))
            .collect(),
        keep: kept,
        animation,
    };
    if derivative.hides_faces() && derivative.crops_smartly() {
        problems.note(
            steps_at,
            Code::Conflict,
            "where faces are is not known after a crop that is decided by pixels (attention, entropy)",
            Some("name face, focal or a compass point as gravity, and as crop.else".to_owned()),
        );
    }
    Some(derivative)
}

fn densities(tree: &Tree, problems: &Problems) -> Option<Vec<Density>> {
    let one = |tree: &Tree, problems: &Problems| {
        scalar::number(tree, 1.0..=4.0, problems).map(|factor| Density((factor * 100.0).round() as u16))
    };
    let mut densities = one_or_many(tree, problems, one)?;
    densities.sort();
    densities.dedup();
    if densities.is_empty() {
        problems.note(
            tree.span,
            Code::BadValue,
            "no density is left",
            Some("such as [1, 2]".to_owned()),
        );
    }
    Some(densities)
}

#[derive(Clone, Copy)]
enum Kept {
    Icc,
    Copyright,
    Exif,
    Gps,
    Xmp,
}

fn keep(tree: &Tree, problems: &Problems) -> Option<Keep> {
    let words = [
        ("icc", Kept::Icc),
        ("copyright", Kept::Copyright),
        ("exif", Kept::Exif),
        ("gps", Kept::Gps),
        ("xmp", Kept::Xmp),
    ];
    let named = one_or_many(tree, problems, |tree, problems| {
        scalar::choice(tree, &words, problems)
    })?;
    let mut keep = Keep::default();
    for kept in named {
        match kept {
            Kept::Icc => keep.icc = true,
            Kept::Copyright => keep.copyright = true,
            Kept::Exif => keep.exif = true,
            Kept::Gps => keep.gps = true,
            Kept::Xmp => keep.xmp = true,
        }
    }
    Some(keep)
}
