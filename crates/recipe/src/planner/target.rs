//! Targets: for each size of a derivative, what is resized from which frame and what follows; and the files it yields.
use super::OUTPUT_PIXELS_MAX;
use super::animation::{self, Shown};
use super::form::Form;
use super::frame::{Frame, NoFrame};
use super::rungs::{self, Kept};
use super::steps::{At, Finish};
use super::subject::{self, Span2, held};
use crate::{
    Aim, Animation, Asset, Backdrop, Background, Derivative, Encoding, ExtendMode, Filling, Fit, Format,
    Gravity, Kernel, Lane, LanedEncoding, Note, Original, OutputFormat, PlannedFile, Probe, Recipe, Rect,
    Refusal, Size, Skipped, Source, Step, Subject, canonical,
};

/// One picture to be made, in all its formats.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Of which page.
    pub page: u32,
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
    pub fn order(&self) -> (u32, std::cmp::Reverse<u64>, String, Size2) {
        let file = self.files.first();
        let name = file.map(|file| file.derivative.clone()).unwrap_or_default();
        let size = file.map_or(self.resized, |file| file.size);
        (
            self.page,
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
    let page = derivative.page.unwrap_or(0);
    let Some(original) = original.of_page(page) else {
        skipped.push(all_of(derivative, no_page(page, &original.probe)));
        return Ok(Vec::new());
    };
    let original = &*original;
    let frame = match Frame::of(derivative, original) {
        Ok(frame) => frame,
        Err(NoFrame::Refused(refusal)) => return Err(refusal),
        Err(NoFrame::Skipped(reason)) => {
            skipped.push(all_of(derivative, reason));
            return Ok(Vec::new());
        }
    };
    if lacks_subject(derivative, &frame) {
        let reason = "there is no such face in what it shows, and the crop names nothing else";
        skipped.push(all_of(derivative, reason.to_owned()));
        return Ok(Vec::new());
    }
    if derivative.animation == Animation::Drop && original.probe.is_animated() {
        let reason = "the original is an animation, which this derivative drops";
        skipped.push(all_of(derivative, reason.to_owned()));
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

fn all_of(derivative: &Derivative, reason: String) -> Skipped {
    Skipped {
        derivative: derivative.name.clone(),
        what: "all files".to_owned(),
        reason,
    }
}

fn no_page(page: u32, probe: &Probe) -> String {
    let pages = if probe.has_page(1) { probe.pages } else { 1 };
    format!("it shows page {page}, counted from 0, and the original has {pages}")
}

/// Is what it is cropped to not there, and nothing named instead?
fn lacks_subject(derivative: &Derivative, frame: &Frame) -> bool {
    let crop = derivative.crop.as_ref();
    !frame.found && crop.is_some_and(|crop| crop.otherwise.is_empty())
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
        page: derivative.page.unwrap_or(0),
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
pub(super) struct Known<'a> {
    pub recipe: &'a Recipe,
    pub derivative: &'a Derivative,
    pub original: &'a Original,
    pub assets: &'a [Asset],
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
            (encoding != &laned.encoding && !encoding.is_graded()).then_some(Note::ExactFormat),
        ];
        let file = PlannedFile {
            derivative: derivative.name.clone(),
            face: derivative.face,
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
    let exif = keep.copyright || keep.exif || keep.gps;
    match format {
        OutputFormat::Gif => !exif && !keep.xmp && !written,
        // What is written is in its XMP.
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
pub(super) fn aim(laned: &LanedEncoding, chosen: &Encoding) -> Aim {
    if chosen.is_graded() {
        laned.aim
    } else {
        Aim::default()
    }
}

/// The formats that a file must not be larger than: those after its own.
pub(super) fn rivals<'a>(derivative: &'a Derivative, laned: &LanedEncoding) -> &'a [LanedEncoding] {
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
