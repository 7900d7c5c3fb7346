//! The frame of a derivative: which part of the upright original it shows, and how that is turned.
//!
//! Two derivatives with one frame share levels. A frame is kept in full-resolution pixels and scaled to the trunk when
//! that is known.
use super::orthogonal::{turned, turned_rect, undo_orientation};
use super::subject::{self, Span2};
use crate::{
    Area, Background, Derivative, Extract, Original, Rect, Refusal, RefusalCode, Rotation, Size, Step, Turn,
    Unit,
};

/// Turns, then a window.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    turns: Vec<Step>,
    /// Size of the whole after the turns.
    whole: Size,
    /// What is kept of it; `None`: all.
    window: Option<Rect>,
    /// Is the window one around the subject of a crop?
    pub found: bool,
}

/// Why there is no frame.
pub(super) enum NoFrame {
    /// This original does not have what is to be shown.
    Skipped(String),
    /// The caller lacks something.
    Refused(Refusal),
}

impl Frame {
    pub fn of(derivative: &Derivative, original: &Original) -> Result<Self, NoFrame> {
        let upright = original.probe.upright();
        let turns = turns(derivative, original.probe.orientation);
        let mut rect = Rect {
            left: 0,
            top: 0,
            width: upright.width,
            height: upright.height,
        };
        if let Some(trim) = &derivative.trim {
            let name = trim.canonical();
            let Some(found) = original.findings.trim(&name) else {
                let sentence = format!("the rectangle of the trim {name} was not looked up before planning");
                return Err(NoFrame::Refused(Refusal::new(RefusalCode::TrimUnknown, sentence)));
            };
            rect = padded(found, trim.padding.of(upright), upright);
        }
        let mut whole = upright;
        for step in &turns {
            if !matches!(step, Step::Rotate { .. }) {
                rect = turned_rect(rect, whole, step);
            }
            whole = turned(whole, step);
        }
        if derivative.trim.is_none() {
            rect = Rect {
                left: 0,
                top: 0,
                width: whole.width,
                height: whole.height,
            };
        }
        if let Some(extract) = &derivative.extract {
            rect = extracted(rect, extract).map_err(NoFrame::Skipped)?;
        }
        let mut found = false;
        let own = original.crops.iter().find(|(name, _)| *name == derivative.name);
        if let Some((_, area)) = own.filter(|_| derivative.crops()) {
            let part = subject::placed(*area, original, &turns);
            (rect, found) = (part.pixels(whole), true);
        }
        if derivative.reads_faces() && original.findings.faces.is_none() {
            return Err(NoFrame::Refused(faces_unknown()));
        }
        if let Some(crop) = derivative.crop.as_ref().filter(|_| !found) {
            let shape = derivative.shape();
            if let Some(window) = subject::window(crop, original, &turns, rect, shape) {
                (rect, found) = (window, true);
            }
        }
        let all = (rect.width, rect.height) == (whole.width, whole.height);
        Ok(Self {
            turns,
            whole,
            window: (!all).then_some(rect),
            found,
        })
    }

    /// Is it just the upright original?
    pub fn is_plain(&self) -> bool {
        self.turns.is_empty() && self.window.is_none()
    }

    /// Size of what it shows, at full resolution.
    pub fn content(&self) -> Size {
        self.window.map_or(self.whole, |rect| Size {
            width: rect.width,
            height: rect.height,
        })
    }

    /// Steps from a trunk of that size, and what they yield.
    pub fn on(&self, trunk: Size) -> (Vec<Step>, Size) {
        let mut steps = self.turns.clone();
        let whole = self.turns.iter().fold(trunk, turned);
        let Some(window) = self.window else {
            return (steps, whole);
        };
        let (left, width) = scaled(window.left, window.width, self.whole.width, whole.width);
        let (top, height) = scaled(window.top, window.height, self.whole.height, whole.height);
        steps.push(Step::Extract(Rect {
            left,
            top,
            width,
            height,
        }));
        (steps, Size { width, height })
    }

    /// How far the window's edges lie from the pixels of a trunk of that size, in its pixels: across and down.
    pub fn off_grid(&self, trunk: Size) -> (f64, f64) {
        let now = self.turns.iter().fold(trunk, turned);
        let Some(window) = self.window else {
            return (0.0, 0.0);
        };
        let off = |from: u32, length: u32, whole: u32, now: u32| {
            let edge = |at: u32| f64::from(at) * f64::from(now) / f64::from(whole);
            let off = |edge: f64| (edge - edge.round()).abs();
            off(edge(from)).max(off(edge(from + length)))
        };
        (
            off(window.left, window.width, self.whole.width, now.width),
            off(window.top, window.height, self.whole.height, now.height),
        )
    }

    /// The faces that it shows, in the pixels of its content at that size, the largest first.
    pub fn faces(&self, original: &Original, size: Size) -> Vec<Span2> {
        let faces = subject::faces(original, &self.turns, self.shown());
        faces.into_iter().map(|face| self.scaled(face, size)).collect()
    }

    /// An area of the upright original in the pixels of its content at that size; at its edge if it is outside.
    pub fn area(&self, original: &Original, area: Area, size: Size) -> Span2 {
        let placed = self.scaled(subject::placed(area, original, &self.turns), size);
        let (across, down) = (f64::from(size.width), f64::from(size.height));
        Span2 {
            left: placed.left.clamp(0.0, across),
            top: placed.top.clamp(0.0, down),
            right: placed.right.clamp(0.0, across),
            bottom: placed.bottom.clamp(0.0, down),
        }
    }

    fn shown(&self) -> Rect {
        self.window.unwrap_or(Rect {
            left: 0,
            top: 0,
            width: self.whole.width,
            height: self.whole.height,
        })
    }

    fn scaled(&self, part: Span2, size: Size) -> Span2 {
        let shown = self.shown();
        let x = |at: f64| (at - f64::from(shown.left)) * f64::from(size.width) / f64::from(shown.width);
        let y = |at: f64| (at - f64::from(shown.top)) * f64::from(size.height) / f64::from(shown.height);
        Span2 {
            left: x(part.left),
            top: y(part.top),
            right: x(part.right),
            bottom: y(part.bottom),
        }
    }
}

/// A defect of the caller, as an unknown trim is.
pub(super) fn faces_unknown() -> Refusal {
    let sentence = "faces were not looked for before planning".to_owned();
    Refusal::new(RefusalCode::FacesUnknown, sentence)
}

/// Orientation undone if asked, rotation, mirrors: the documented order.
fn turns(derivative: &Derivative, orientation: u8) -> Vec<Step> {
    let mut steps = if derivative.autorotate {
        Vec::new()
    } else {
        undo_orientation(orientation)
    };
    steps.extend(derivative.rotate.map(rotation));
    if derivative.flip {
        steps.push(Step::Flip);
    }
    if derivative.flop {
        steps.push(Step::Flop);
    }
    steps
}

fn rotation(rotation: Rotation) -> Step {
    if rotation.degrees % 90.0 != 0.0 {
        let background = match rotation.background {
            Background::Colour(colour) => Some(colour),
            Background::Transparent => None,
        };
        return Step::Rotate {
            degrees: rotation.degrees,
            background,
        };
    }
    Step::Turn(match (rotation.degrees / 90.0) as u32 {
        1 => Turn::Quarter,
        2 => Turn::Half,
        _ => Turn::ThreeQuarters,
    })
}

/// A found rectangle with some of the border left on, within the picture.
fn padded(found: Rect, padding: u32, within: Size) -> Rect {
    let left = found.left.min(within.width - 1).saturating_sub(padding);
    let top = found.top.min(within.height - 1).saturating_sub(padding);
    let right = found
        .left
        .saturating_add(found.width)
        .saturating_add(padding)
        .min(within.width);
    let bottom = found
        .top
        .saturating_add(found.height)
        .saturating_add(padding)
        .min(within.height);
    Rect {
        left,
        top,
        width: right.max(left + 1) - left,
        height: bottom.max(top + 1) - top,
    }
}

fn extracted(from: Rect, extract: &Extract) -> Result<Rect, String> {
    let pixels = |value: f64, whole: u32| match extract.unit {
        Unit::Px => value.round() as u32,
        Unit::Percent => (value * f64::from(whole) / 100.0).round() as u32,
    };
    let (left, top) = (pixels(extract.left, from.width), pixels(extract.top, from.height));
    let (width, height) = (
        pixels(extract.width, from.width).max(1),
        pixels(extract.height, from.height).max(1),
    );
    // Two rounded percentages may add up to one pixel too many.
    let (left, top) = match extract.unit {
        Unit::Percent => (
            left.min(from.width.saturating_sub(width)),
            top.min(from.height.saturating_sub(height)),
        ),
        Unit::Px => (left, top),
    };
    if left + width > from.width || top + height > from.height {
        let size = format!("{width}x{height} at {left},{top}");
        return Err(format!(
            "the extract {size} reaches beyond the picture, which is {}x{}",
            from.width, from.height
        ));
    }
    Ok(Rect {
        left: from.left + left,
        top: from.top + top,
        width,
        height,
    })
}

/// A stretch of `whole` on a picture where `whole` is `now`, at least one pixel.
fn scaled(from: u32, length: u32, whole: u32, now: u32) -> (u32, u32) {
    let place = |at: u32| (f64::from(at) * f64::from(now) / f64::from(whole)).round() as u32;
    let start = place(from).min(now - 1);
    let end = place(from + length).clamp(start + 1, now);
    (start, end - start)
}
