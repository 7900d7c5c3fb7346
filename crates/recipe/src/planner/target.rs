//! Targets: for each size of a derivative, what is resized from which frame and what follows; and the files it yields.
use serde::Serialize;

use super::OUTPUT_PIXELS_MAX;
use super::animation::{self, Shown};
use super::frame::{Frame, NoFrame};
use super::rungs::{self, Kept};
use super::steps::{At, Finish};
use super::subject::{self, Span2, held};
use crate::{
    Aim, Animation, AskedStep, Asset, AssetName, Backdrop, Background, ColourSpace, Crop, Density,
    Derivative, Encoding, Extend, ExtendMode, Extract, Filling, Fit, Format, Gravity, Keep, Kernel,
    KeyTemplate, Lane, LanedEncoding, Note, Original, OutputFormat, PlannedFile, Recipe, Rect, Refusal, Rgb,
    Rotation, Size, Skipped, Source, Step, Subject, Trim, Written, canonical,
};

/// One picture to be made, in all its formats.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub frame: Frame,
    /// Which frames of an animation.
    pub shown: Shown,
    /// Size before crop and canvas.
    pub resized: Size,
    pub kernel: Kernel,
    /// Are samples mixed as light?
    pub linear: bool,
    /// Is it resized without changing the shape and without growing, so that others may be made from it?
    pub faithful: bool,
    /// Crop, canvas, border.
    pub finish: Vec<Step>,
    /// Not yet placed: `from` is set when the tree is grown.
    pub files: Vec<PlannedFile>,
}

impl Target {
    /// The same order whatever the document's.
    pub fn order(&self) -> (std::cmp::Reverse<u64>, String, Size2) {
        let file = self.files.first();
        let name = file.map(|file| file.derivative.clone()).unwrap_or_default();
        let size = file.map_or(self.resized, |file| file.size);
        (
            std::cmp::Reverse(self.resized.pixels()),
            name,
            (size.width, size.height),
        )
    }
}

type Size2 = (u32, u32);

/// All targets of a derivative with files in some lanes.
pub(super) fn targets(
    recipe: &Recipe,
    derivative: &Derivative,
    original: &Original,
    assets: &[Asset],
    lanes: &[Lane],
    skipped: &mut Vec<Skipped>,
) -> Result<Vec<Target>, Refusal> {
    let frame = match Frame::of(derivative, original) {
        Ok(frame) => frame,
        Err(NoFrame::Refused(refusal)) => return Err(refusal),
        Err(NoFrame::Skipped(reason)) => {
            let derivative = derivative.name.clone();
            skipped.push(Skipped {
                derivative,
                what: "all files".to_owned(),
                reason,
            });
            return Ok(Vec::new());
        }
    };
    if derivative.animation == Animation::Drop && original.probe.is_animated() {
        skipped.push(Skipped {
            derivative: derivative.name.clone(),
            what: "all files".to_owned(),
            reason: "the original is an animation, which this derivative drops".to_owned(),
        });
        return Ok(Vec::new());
    }
    let content = frame.content();
    let known = Known {
        recipe,
        derivative,
        original,
        assets,
    };
    let mut targets = Vec::new();
    for kept in rungs::kept(derivative, content, &original.probe, skipped) {
        let finish = finish(derivative, &frame, original, assets, kept);
        for (shown, files) in files(&known, lanes, kept, &finish, &frame) {
            if let Some(reason) = too_long(shown.frames(&original.probe), kept.size) {
                skipped.push(Skipped {
                    derivative: derivative.name.clone(),
                    what: format!("animation of {}x{}", kept.size.width, kept.size.height),
                    reason,
                });
                continue;
            }
            targets.push(target(
                derivative,
                original,
                &frame,
                kept,
                finish.steps.clone(),
                shown,
                files,
            ));
        }
    }
    Ok(targets)
}

/// Why an animation of that many frames may not be.
fn too_long(frames: u32, size: Size) -> Option<String> {
    let pixels = size.pixels().saturating_mul(frames.into());
    (frames > 1 && pixels > OUTPUT_PIXELS_MAX).then(|| {
        format!(
            "the animation would be {frames} frames of {}x{}; {OUTPUT_PIXELS_MAX} pixels are allowed",
            size.width, size.height
        )
    })
}

fn target(
    derivative: &Derivative,
    original: &Original,
    frame: &Frame,
    kept: Kept,
    finish: Vec<Step>,
    shown: Shown,
    files: Vec<PlannedFile>,
) -> Target {
    let (content, resized) = (frame.content(), kept.fitted.resized);
    let resize = derivative.resize.as_ref();
    let fills = resize.is_some_and(|resize| resize.fit == Fit::Fill);
    // A drawing does not grow: it is drawn larger.
    let grows = (resized.width > content.width || resized.height > content.height)
        && !original.probe.format.is_vector();
    Target {
        frame: frame.clone(),
        shown,
        resized,
        kernel: resize.map_or(Kernel::default(), |resize| resize.kernel),
        linear: resize.is_some_and(|resize| resize.linear),
        faithful: !fills && !grows,
        finish,
        files,
    }
}

/// Crop or canvas, then the border, then the steps.
fn finish(
    derivative: &Derivative,
    frame: &Frame,
    original: &Original,
    assets: &[Asset],
    kept: Kept,
) -> Finish {
    let (resized, canvas) = (kept.fitted.resized, kept.fitted.canvas);
    let mut finish = Finish {
        steps: Vec::new(),
        size: resized,
        clear: original.probe.alpha || becomes_transparent(derivative, kept),
        notes: Vec::new(),
        faces: frame.faces(original, resized),
    };
    if let Some(resize) = derivative.resize.as_ref().filter(|_| resized != canvas) {
        if resize.fit == Fit::Contain {
            let (x, y) = resize
                .gravity
                .iter()
                .find_map(|gravity| gravity.share())
                .unwrap_or((0.5, 0.5));
            // Of an odd rest the larger half goes to the right and below, as in sharp.
            let part = |whole: u32, inner: u32, share: f64| (f64::from(whole - inner) * share).floor() as u32;
            let step = Step::Extend {
                size: canvas,
                left: part(canvas.width, resized.width, x),
                top: part(canvas.height, resized.height, y),
                mode: mode(
                    derivative
                        .backdrop
                        .map_or(Filling::Background(derivative.padding), Filling::Backdrop),
                ),
            };
            finish.push(step, canvas);
        } else {
            finish.push(crop(derivative, frame, original, resized, canvas), canvas);
        }
    }
    if let Some(extend) = derivative.extend {
        let edge = |pixels: u32| kept.density.scale(pixels);
        let size = Size {
            width: canvas.width + edge(extend.edges.left) + edge(extend.edges.right),
            height: canvas.height + edge(extend.edges.top) + edge(extend.edges.bottom),
        };
        let step = Step::Extend {
            size,
            left: edge(extend.edges.left),
            top: edge(extend.edges.top),
            mode: mode(extend.filling),
        };
        finish.push(step, size);
    }
    let content = frame.content();
    let at = At {
        density: kept.density,
        original,
        assets,
        downscaled: resized.width < content.width || resized.height < content.height,
    };
    finish.extend(&derivative.steps, at);
    finish
}

/// The first gravity that applies; the middle where none does.
fn crop(derivative: &Derivative, frame: &Frame, original: &Original, from: Size, to: Size) -> Step {
    let (spare_x, spare_y) = (from.width - to.width, from.height - to.height);
    let at = |left: f64, top: f64| {
        Step::Extract(Rect {
            left: left.round().clamp(0.0, f64::from(spare_x)) as u32,
            top: top.round().clamp(0.0, f64::from(spare_y)) as u32,
            width: to.width,
            height: to.height,
        })
    };
    let share = |(x, y): (f64, f64)| at(f64::from(spare_x) * x, f64::from(spare_y) * y);
    let around = |(x, y): (f64, f64), part: Span2| {
        let (wide, high) = (f64::from(to.width), f64::from(to.height));
        at(
            held(
                x - wide / 2.0,
                wide,
                (part.left, part.right),
                (0.0, f64::from(from.width)),
            ),
            held(
                y - high / 2.0,
                high,
                (part.top, part.bottom),
                (0.0, f64::from(from.height)),
            ),
        )
    };
    for gravity in derivative.gravity(frame.found) {
        match gravity {
            Gravity::Focal => {
                if let Some(area) = subject::marked(original) {
                    let part = frame.area(original, area, from);
                    let middle = (
                        f64::midpoint(part.left, part.right),
                        f64::midpoint(part.top, part.bottom),
                    );
                    return around(middle, part);
                }
            }
            Gravity::Face => {
                if let Some(faces) = subject::kept(&frame.faces(original, from), to) {
                    return around(subject::middle(faces), faces);
                }
            }
            other => match (other.interest(), other.share()) {
                (Some(interest), _) => return Step::SmartCrop { size: to, interest },
                (None, Some(shares)) => return share(shares),
                (None, None) => {}
            },
        }
    }
    share((0.5, 0.5))
}

fn mode(filling: Filling) -> ExtendMode {
    match filling {
        Filling::Background(Background::Colour(colour)) => ExtendMode::Background(colour),
        Filling::Background(Background::Transparent) => ExtendMode::Transparent,
        Filling::Copy => ExtendMode::Copy,
        Filling::Mirror => ExtendMode::Mirror,
        Filling::Backdrop(Backdrop::Blur) => ExtendMode::Blur,
        Filling::Backdrop(Backdrop::Auto) => ExtendMode::Auto,
    }
}

/// What files are planned from.
struct Known<'a> {
    recipe: &'a Recipe,
    derivative: &'a Derivative,
    original: &'a Original,
    assets: &'a [Asset],
}

/// The files of one size, by which frames they show.
fn files(
    known: &Known<'_>,
    lanes: &[Lane],
    kept: Kept,
    finish: &Finish,
    frame: &Frame,
) -> Vec<(Shown, Vec<PlannedFile>)> {
    let (derivative, original) = (known.derivative, known.original);
    let (probe, clear) = (&original.probe, finish.clear);
    let mut all: Vec<(Shown, Vec<PlannedFile>)> = Vec::new();
    for laned in derivative.encodings_in(lanes) {
        let encoding = laned.chosen(clear);
        let Some((shown, note)) = animation::shown(derivative, probe, encoding) else {
            continue;
        };
        let flatten = (clear && !encoding.has_alpha()).then_some(derivative.background);
        let hardens = encoding.format() == OutputFormat::Gif && clear && probe.format != Format::Gif;
        let notes = [
            flatten.map(|_| Note::Flattened),
            hardens.then_some(Note::HardEdges),
            note,
            (!carries(encoding.format(), derivative)).then_some(Note::MetadataNotKept),
            lacks_face(derivative, original, kept, frame).then_some(Note::NoFace),
        ];
        let file = PlannedFile {
            derivative: derivative.name.clone(),
            lane: laned.lane,
            from: Source::Trunk,
            size: kept.size,
            encoding: encoding.clone(),
            aim: aim(laned, encoding),
            unless_larger: rivals(derivative, laned)
                .iter()
                .map(|rival| rival.chosen(clear))
                .filter(|rival| {
                    animation::shown(derivative, probe, rival).is_some_and(|(other, _)| other == shown)
                })
                .map(Encoding::format)
                .collect(),
            flatten,
            keep: derivative.keep,
            written: derivative.written.clone(),
            frames: shown.frames(probe),
            notes: notes
                .into_iter()
                .flatten()
                .chain(finish.notes.iter().copied())
                .collect(),
            canonical: canonical::digest("file", &Form::of(known, kept, (laned, encoding), shown)),
        };
        match all.iter_mut().find(|(others, _)| *others == shown) {
            Some((_, files)) => files.push(file),
            None => all.push((shown, vec![file])),
        }
    }
    // The same order whatever the document's.
    all.sort_by_key(|(shown, _)| *shown != Shown::All);
    all
}

/// Is there room in such files for what is kept? A colour profile aside: see `check` of recipes.
fn carries(format: OutputFormat, derivative: &Derivative) -> bool {
    let keep = derivative.keep;
    let written = derivative.written.texts().next().is_some();
    let exif = keep.copyright || keep.exif || keep.gps || written;
    match format {
        OutputFormat::Gif => !exif && !keep.xmp,
        OutputFormat::Tiff => !exif,
        _ => true,
    }
}

/// Was a face asked for, and something else shown?
fn lacks_face(derivative: &Derivative, original: &Original, kept: Kept, frame: &Frame) -> bool {
    let cropped = derivative
        .crop
        .as_ref()
        .is_some_and(|crop| crop.to == Subject::Face);
    if cropped {
        return !frame.found;
    }
    let cut = kept.fitted.resized != kept.fitted.canvas;
    let asked = cut && derivative.gravity(frame.found).contains(&Gravity::Face);
    asked && frame.faces(original, kept.fitted.resized).is_empty()
}

/// What is sought over the encoding that was chosen; nothing, where that has no quality.
fn aim(laned: &LanedEncoding, chosen: &Encoding) -> Aim {
    if chosen.is_graded() {
        laned.aim
    } else {
        Aim::default()
    }
}

/// The formats that a file must not be larger than: those after its own.
fn rivals<'a>(derivative: &'a Derivative, laned: &LanedEncoding) -> &'a [LanedEncoding] {
    let all = &derivative.encodings;
    let own = all
        .iter()
        .position(|other| other.encoding.format() == laned.encoding.format());
    match own {
        Some(own) if derivative.keep_smaller => &all[own + 1..],
        _ => &[],
    }
}

fn becomes_transparent(derivative: &Derivative, kept: Kept) -> bool {
    let clear = |background: Background| background == Background::Transparent;
    let turned = derivative
        .rotate
        .is_some_and(|r| r.degrees % 90.0 != 0.0 && clear(r.background));
    let padded = kept.fitted.resized != kept.fitted.canvas
        && derivative.backdrop.is_none()
        && clear(derivative.padding);
    let bordered = derivative
        .extend
        .is_some_and(|e| e.filling == Filling::Background(Background::Transparent));
    turned || padded || bordered
}

/// What a file's bytes depend on besides the original's and its metadata. A new option must leave this text as it is
/// where the option is not used, else an upgrade makes every file anew.
#[derive(Serialize)]
struct Form<'a> {
    name: &'a str,
    key: &'a KeyTemplate,
    colour: ColourSpace,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    as_stored: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    rotate: Option<Rotation>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flip: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    flop: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    trim: Option<Trim>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extract: Option<Extract>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crop: Option<&'a Crop>,
    resized: Size,
    kernel: Kernel,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    linear: bool,
    canvas: Size,
    #[serde(skip_serializing_if = "<[Gravity]>::is_empty")]
    gravity: &'a [Gravity],
    #[serde(skip_serializing_if = "Option::is_none")]
    padding: Option<Background>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backdrop: Option<Backdrop>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extend: Option<Extend>,
    #[serde(skip_serializing_if = "<[AskedStep]>::is_empty")]
    steps: &'a [AskedStep],
    /// What the steps' lengths are multiplied by.
    #[serde(skip_serializing_if = "Option::is_none")]
    density: Option<Density>,
    /// Content of the pictures that the steps name, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assets: Vec<&'a str>,
    size: Size,
    /// Only where a format needs one: PNG and WebP do not change with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    background: Option<Rgb>,
    encoding: &'a Encoding,
    #[serde(skip_serializing_if = "Aim::is_none")]
    aim: Aim,
    /// What decides whether the file is kept: where it changes, that is decided anew.
    #[serde(skip_serializing_if = "<[LanedEncoding]>::is_empty")]
    unless_larger: &'a [LanedEncoding],
    keep: Keep,
    #[serde(skip_serializing_if = "Option::is_none")]
    shown: Option<Shown>,
    #[serde(skip_serializing_if = "Written::is_none")]
    written: &'a Written,
}

impl<'a> Form<'a> {
    fn of(
        known: &Known<'a>,
        kept: Kept,
        (laned, encoding): (&'a LanedEncoding, &'a Encoding),
        shown: Shown,
    ) -> Self {
        let (recipe, derivative) = (known.recipe, known.derivative);
        let named = derivative.steps.iter().filter_map(AskedStep::asset);
        let found = |name: &AssetName| known.assets.iter().find(|asset| asset.name == *name);
        let resize = derivative.resize.as_ref();
        let fits =
            |fit: Fit| kept.fitted.resized != kept.fitted.canvas && resize.is_some_and(|r| r.fit == fit);
        Self {
            name: &derivative.name,
            key: &recipe.key,
            colour: recipe.colour,
            as_stored: !derivative.autorotate,
            rotate: derivative.rotate,
            flip: derivative.flip,
            flop: derivative.flop,
            trim: derivative.trim,
            extract: derivative.extract,
            crop: derivative.crop.as_ref(),
            resized: kept.fitted.resized,
            kernel: resize.map_or(Kernel::default(), |resize| resize.kernel),
            linear: resize.is_some_and(|resize| resize.linear),
            canvas: kept.fitted.canvas,
            gravity: resize
                .filter(|_| fits(Fit::Cover) || fits(Fit::Contain))
                .map_or(&[], |r| &r.gravity),
            padding: fits(Fit::Contain).then_some(derivative.padding),
            backdrop: derivative.backdrop.filter(|_| fits(Fit::Contain)),
            extend: derivative.extend,
            steps: &derivative.steps,
            density: Some(kept.density)
                .filter(|density| !derivative.steps.is_empty() && *density != Density::ONE),
            assets: named.filter_map(found).map(Asset::identity).collect(),
            size: kept.size,
            background: std::iter::once(encoding)
                .chain(rivals(derivative, laned).iter().map(|rival| &rival.encoding))
                .any(|encoding| !encoding.has_alpha())
                .then_some(derivative.background),
            encoding,
            aim: aim(laned, encoding),
            unless_larger: rivals(derivative, laned),
            keep: derivative.keep,
            shown: shown.unusual(),
            written: &derivative.written,
        }
    }
}
