//! Reading a derivative.
use super::aim::ForAll;
use super::encodings::{self, Defaults};
use super::metadata::{keep, metadata};
use super::read::{Fields, Problems, one_or_many};
use super::resize::resize;
use super::scalar;
use super::steps;
use super::tree::{Name, Tree};
use super::{formats, geometry};
use crate::diagnostic::{Code, Span};
use crate::{
    Animation, AskedStep, Background, Crop, Density, Derivative, EachFace, Filling, Keep, LanedEncoding,
    OutputFormat, Pick, Rgb, Subject, Written,
};

/// What a recipe says for all its derivatives.
pub(super) struct Common<'a> {
    defaults: &'a Defaults,
    keep: Keep,
    written: Written,
    background: Rgb,
    animation: Animation,
    keep_smaller: bool,
}

/// As many as `accept.frames` can allow.
const PAGE_MAX: u32 = 99_999;

/// White, as on paper: what transparency is put on where nothing else is said.
const WHITE: Rgb = Rgb([255; 3]);

impl<'a> Common<'a> {
    pub fn read(fields: &mut Fields<'_>, defaults: &'a Defaults) -> Self {
        let keep = fields.read("keep", keep).unwrap_or_default();
        let background = fields.read("background", scalar::colour).unwrap_or(WHITE);
        let animation = fields
            .read("animation", super::animation::animation)
            .unwrap_or_default();
        let keep_smaller = fields.read("keep_smaller", scalar::boolean).unwrap_or(false);
        Self {
            defaults,
            keep,
            written: fields.read("metadata", metadata).unwrap_or_default(),
            background,
            animation,
            keep_smaller,
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
    fields.planned(&["to"]);
    let page = fields.read("page", |t, p| scalar::integer(t, 0..=PAGE_MAX, p));
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
    let (for_each, crop) = subject(&mut fields);
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
    let encodings = laned(&mut fields, common);
    let kept = fields.read("keep", keep).unwrap_or(common.keep);
    let animation = fields
        .read("animation", super::animation::animation)
        .unwrap_or(common.animation);
    let (steps_at, page_at) = (fields.span_of("steps"), fields.span_of("page"));
    let (resize, padding, backdrop) = match resized {
        Some((resize, Filling::Backdrop(backdrop))) => (Some(resize), paint, Some(backdrop)),
        Some((resize, Filling::Background(padding))) => (Some(resize), padding, None),
        Some((resize, Filling::Copy | Filling::Mirror)) => (Some(resize), paint, None),
        None => (None, paint, None),
    };
    let written = fields
        .read("metadata", metadata)
        .unwrap_or_default()
        .over(&common.written);
    if kept.iptc && kept != common.keep && !encodings.iter().flatten().any(carries_iptc) {
        let help = "add jpeg to the formats, or drop it";
        fields.conflict("keep", "iptc is kept in JPEG, and there is none", help);
    }
    let keep_smaller = keep_smaller(&mut fields, common, encodings.as_deref());
    fields.close();
    let derivative = Derivative {
        name: name.text.clone(),
        for_each,
        face: None,
        page,
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
        keep_smaller,
        encodings: encodings?,
        keep: kept,
        animation,
        written,
    };
    check_looks(&derivative, [page_at, steps_at], problems);
    Some(derivative)
}

/// What is cropped to, and whether each gets a file of its own.
fn subject(fields: &mut Fields<'_>) -> (Option<EachFace>, Option<Crop>) {
    let for_each = fields.read("for_each", super::crop::for_each);
    let instead = if for_each.is_some() {
        &[]
    } else {
        super::crop::INSTEAD
    };
    let crop = fields.read("crop", |tree, problems| {
        super::crop::crop(tree, instead, problems)
    });
    if for_each.is_some() && crop.as_ref().is_none_or(|crop| crop.to != Subject::Face) {
        fields.conflict("for_each", "each face is cropped to", "add crop: face");
    }
    if for_each.is_some() && crop.as_ref().is_some_and(|crop| crop.pick != Pick::Largest) {
        let help = "drop pick from the crop";
        fields.conflict(
            "for_each",
            "each face is a file of its own, and none is picked",
            help,
        );
    }
    (for_each, crop)
}

/// What is looked for must be findable where it is shown.
fn check_looks(derivative: &Derivative, [page_at, steps_at]: [Span; 2], problems: &Problems) {
    let looks = derivative.reads_faces() || derivative.trim.is_some();
    if looks && derivative.page.is_some_and(|page| page > 0) {
        problems.note(
            page_at,
            Code::Conflict,
            "faces and borders are looked for on the first page alone",
            Some("leave out what looks for them (face, trim), or the page".to_owned()),
        );
    }
    if derivative.hides_faces() && derivative.crops_smartly() {
        problems.note(
            steps_at,
            Code::Conflict,
            "where faces are is not known after a crop that is decided by pixels (attention, entropy)",
            Some("name face, focal or a compass point as gravity, and as crop.else".to_owned()),
        );
    }
}

/// The formats of a derivative, each with its encoding and lane.
fn laned(fields: &mut Fields<'_>, common: &Common<'_>) -> Option<Vec<LanedEncoding>> {
    let lane = fields.read("lane", encodings::lane);
    let for_all = ForAll::read(fields);
    let defaults = common.defaults.with(|told| for_all.apply(told));
    let own = fields.read("encodings", |tree, problems| {
        encodings::overrides(tree, &defaults.without_lanes(), problems)
    });
    let formats = fields.require("formats", |tree, problems| {
        formats::formats(tree, own.as_ref(), problems)
    });
    let laned = |named| formats::laned(named, &defaults, own.as_ref(), lane);
    let encodings: Option<Vec<_>> = formats.map(|formats| formats.into_iter().map(laned).collect());
    for_all.check(fields, encodings.iter().flatten().map(|laned| &laned.encoding));
    encodings
}

/// Said here, or for all derivatives, of which one with a single format has nothing to compare.
fn keep_smaller(fields: &mut Fields<'_>, common: &Common<'_>, encodings: Option<&[LanedEncoding]>) -> bool {
    let told = fields.read("keep_smaller", scalar::boolean);
    let encodings = encodings.unwrap_or_default();
    let compares = told.unwrap_or(common.keep_smaller && encodings.len() > 1);
    if compares && !encodings.is_empty() {
        check_comparable(fields, encodings);
    }
    compares
}

/// What is compared must be made together: a file that is published is not taken back for what a later lane made.
fn check_comparable(fields: &Fields<'_>, encodings: &[LanedEncoding]) {
    if encodings.len() < 2 {
        let help = "name more formats, or drop it";
        fields.conflict(
            "keep_smaller",
            "keep_smaller compares formats, and there is one",
            help,
        );
    } else if encodings.iter().any(|other| other.lane != encodings[0].lane) {
        fields.conflict(
            "keep_smaller",
            "keep_smaller compares formats, and theirs are made in different lanes",
            "give the derivative one lane: lane: standard",
        );
    }
}

fn carries_iptc(laned: &LanedEncoding) -> bool {
    laned.encoding.format() == OutputFormat::Jpeg
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
