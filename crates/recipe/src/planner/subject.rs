//! What a picture is of, in the pixels of a frame; and windows that show it.
use super::orthogonal::{turned, turned_point};
use crate::{Area, Crop, MarkKind, Original, Pick, Point, Rect, Size, Step, Subject};

/// Edges in pixels, as fractions of which rounding takes care later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Span2 {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Span2 {
    pub fn of(rect: Rect) -> Self {
        Self {
            left: rect.left.into(),
            top: rect.top.into(),
            right: f64::from(rect.left) + f64::from(rect.width),
            bottom: f64::from(rect.top) + f64::from(rect.height),
        }
    }

    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }

    fn area(&self) -> f64 {
        self.width() * self.height()
    }

    /// What both show; `None`: nothing.
    fn within(self, other: Self) -> Option<Self> {
        let both = Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        };
        (both.right >= both.left && both.bottom >= both.top).then_some(both)
    }

    pub fn join(self, other: Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }

    /// The pixels that it touches in a picture of that size, at least one.
    pub fn pixels(self, size: Size) -> Rect {
        let span = |from: f64, to: f64, length: u32| {
            let start = (from.round().max(0.0) as u32).min(length - 1);
            let end = (to.round().max(0.0) as u32).clamp(start + 1, length);
            (start, end - start)
        };
        let (left, width) = span(self.left, self.right, size.width);
        let (top, height) = span(self.top, self.bottom, size.height);
        Rect {
            left,
            top,
            width,
            height,
        }
    }

    pub fn moved(self, right: f64, down: f64) -> Self {
        Self {
            left: self.left + right,
            top: self.top + down,
            right: self.right + right,
            bottom: self.bottom + down,
        }
    }

    /// The pixels of the head around a face that a picture of that size shows; `None`: nothing of it.
    pub fn head(self, size: Size) -> Option<Rect> {
        let (across, down) = (self.width() * HEAD, self.height() * HEAD);
        let edge = |at: f64, most: u32| at.clamp(0.0, f64::from(most)) as u32;
        let (left, top) = (
            edge((self.left - across).floor(), size.width),
            edge((self.top - down - HAIR * self.height()).floor(), size.height),
        );
        let (right, bottom) = (
            edge((self.right + across).ceil(), size.width),
            edge((self.bottom + down).ceil(), size.height),
        );
        (right > left && bottom > top).then_some(Rect {
            left,
            top,
            width: right - left,
            height: bottom - top,
        })
    }

    /// Between this (0) and another (1).
    fn towards(self, other: Self, share: f64) -> Self {
        let between = |from: f64, to: f64| from + (to - from) * share;
        Self {
            left: between(self.left, other.left),
            top: between(self.top, other.top),
            right: between(self.right, other.right),
            bottom: between(self.bottom, other.bottom),
        }
    }
}

/// Faces of an original in a frame of these turns and that window, those that it shows, the largest first.
pub(super) fn faces(original: &Original, turns: &[Step], window: Rect) -> Vec<Span2> {
    let found = original.findings.faces.iter().flatten();
    let shown = Span2::of(window);
    let mut faces: Vec<Span2> = found
        .filter_map(|face| {
            let whole = placed(face.area, original, turns);
            // Of a face that is cut in two there is nothing to be shown.
            whole
                .within(shown)
                .filter(|part| part.area() > 0.5 * whole.area())
        })
        .collect();
    faces.sort_by(|one, other| other.area().total_cmp(&one.area()));
    faces
}

/// What people have marked: the object's metadata first, then faces and focus of the picture's own regions.
pub(super) fn marked(original: &Original) -> Option<Area> {
    let regions = original
        .findings
        .embedded
        .iter()
        .flat_map(|embedded| &embedded.regions);
    let of = |kind: MarkKind| regions.clone().filter(move |region| region.kind == kind);
    let faces = of(MarkKind::Face).map(|region| region.area).reduce(union);
    original
        .focal
        .or(faces)
        .or_else(|| of(MarkKind::Focus).map(|region| region.area).next())
}

fn union(one: Area, other: Area) -> Area {
    let (x, y) = (one.x.min(other.x), one.y.min(other.y));
    Area {
        x,
        y,
        width: (one.x + one.width).max(other.x + other.width) - x,
        height: (one.y + one.height).max(other.y + other.height) - y,
    }
}

/// An area of the upright original in the pixels of the turned whole.
pub(super) fn placed(area: Area, original: &Original, turns: &[Step]) -> Span2 {
    let corner = |x: f64, y: f64| {
        let (mut at, mut size) = (Point { x, y }, original.probe.upright());
        for step in turns {
            at = turned_point(at, size, step);
            size = turned(size, step);
        }
        (at.x * f64::from(size.width), at.y * f64::from(size.height))
    };
    let (right, bottom) = (area.x + area.width, area.y + area.height);
    let corners = [
        corner(area.x, area.y),
        corner(right, area.y),
        corner(area.x, bottom),
        corner(right, bottom),
    ];
    let edge = |of: fn(&(f64, f64)) -> f64, pick: fn(f64, f64) -> f64| {
        corners
            .iter()
            .map(of)
            .reduce(pick)
            .expect("there are four corners")
    };
    Span2 {
        left: edge(|c| c.0, f64::min),
        top: edge(|c| c.1, f64::min),
        right: edge(|c| c.0, f64::max),
        bottom: edge(|c| c.1, f64::max),
    }
}

/// The window of a crop within `rect`; `None`: there is no such subject. `shape` is width to height of what it will fill.
pub(super) fn window(
    crop: &Crop,
    original: &Original,
    turns: &[Step],
    rect: Rect,
    shape: Option<f64>,
) -> Option<Rect> {
    let whole = Span2::of(rect);
    let subject = match crop.to {
        Subject::Face => picked(faces(original, turns, rect), crop.pick, whole)?,
        Subject::Focal => placed(marked(original)?, original, turns).within(whole)?,
    };
    let (across, down) = (crop.padding * subject.width(), crop.padding * subject.height());
    let padded = Span2 {
        left: subject.left - across,
        top: subject.top - down,
        right: subject.right + across,
        bottom: subject.bottom + down,
    };
    let near = whole.towards(padded, crop.closeness);
    let (width, height) = sides(near.width().max(1.0), near.height().max(1.0), shape, whole);
    let start = |middle: f64, side: f64, subject: (f64, f64), whole: (f64, f64)| {
        held(middle - side / 2.0, side, subject, whole)
    };
    let left = start(
        f64::midpoint(near.left, near.right),
        width,
        (subject.left, subject.right),
        (whole.left, whole.right),
    );
    let top = start(
        f64::midpoint(near.top, near.bottom),
        height,
        (subject.top, subject.bottom),
        (whole.top, whole.bottom),
    );
    let (x, y) = (left.floor().max(whole.left), top.floor().max(whole.top));
    let (right, bottom) = (
        (left + width).ceil().min(whole.right),
        (top + height).ceil().min(whole.bottom),
    );
    Some(Rect {
        left: x as u32,
        top: y as u32,
        width: (right - x).max(1.0) as u32,
        height: (bottom - y).max(1.0) as u32,
    })
}

fn picked(faces: Vec<Span2>, pick: Pick, whole: Span2) -> Option<Span2> {
    let off = |face: &Span2| {
        let x = f64::midpoint(face.left, face.right) - f64::midpoint(whole.left, whole.right);
        let y = f64::midpoint(face.top, face.bottom) - f64::midpoint(whole.top, whole.bottom);
        x.hypot(y)
    };
    match pick {
        Pick::Largest => faces.into_iter().next(),
        Pick::Nth(number) => faces.into_iter().nth((number as usize).checked_sub(1)?),
        Pick::All => faces.into_iter().reduce(Span2::join),
        Pick::MostCentral => faces.into_iter().min_by(|a, b| off(a).total_cmp(&off(b))),
    }
}

/// Sides grown to a shape, and shrunk again to what there is.
fn sides(width: f64, height: f64, shape: Option<f64>, whole: Span2) -> (f64, f64) {
    let Some(shape) = shape else {
        return (width.min(whole.width()), height.min(whole.height()));
    };
    let (wide, high) = (width.max(height * shape), height.max(width / shape));
    let fits = (whole.width() / wide).min(whole.height() / high).min(1.0);
    (wide * fits, high * fits)
}

/// A start near `at` such that a stretch of `side` holds the subject if it is long enough, and lies within the whole.
pub(super) fn held(at: f64, side: f64, subject: (f64, f64), whole: (f64, f64)) -> f64 {
    let at = if subject.1 - subject.0 <= side {
        // By rounding, the one bound may lie a hair beyond the other.
        at.max(subject.1 - side).min(subject.0)
    } else {
        f64::midpoint(subject.0, subject.1) - side / 2.0
    };
    at.min(whole.1 - side).max(whole.0)
}

/// The faces that a crop of that size keeps: the largest, and every further one that fits in beside those before. With some
/// room for hair and chin around them if there is any.
pub(super) fn kept(faces: &[Span2], canvas: Size) -> Option<Span2> {
    let (width, height) = (f64::from(canvas.width), f64::from(canvas.height));
    let mut faces = faces.iter().copied();
    let first = faces.next()?;
    Some(faces.fold(first, |kept, face| {
        let both = kept.join(face);
        if both.width() <= width && both.height() <= height {
            both
        } else {
            kept
        }
    }))
}

/// How much a head reaches beyond its face on each side.
const HEAD: f64 = 0.15;
/// How much a head is higher than the face below its brows: the middle of a head lies above that of its face.
const HAIR: f64 = 0.2;

/// The middle that a crop around faces has.
pub(super) fn middle(faces: Span2) -> (f64, f64) {
    (
        f64::midpoint(faces.left, faces.right),
        f64::midpoint(faces.top, faces.bottom) - HAIR * faces.height() / 2.0,
    )
}
