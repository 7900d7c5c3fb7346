//! Steps after geometry: what was asked, at the size and density of one file.
use super::subject::Span2;
use crate::{
    AskedStep, Asset, Border, Density, Effect, ExtendMode, Extract, Note, Original, Radius, Rect, Region,
    Size, Step, Unit, When,
};

/// What a file looks like while its steps are put together.
pub(super) struct Finish {
    pub steps: Vec<Step>,
    /// Its size so far.
    pub size: Size,
    /// May it be transparent somewhere?
    pub clear: bool,
    /// What could not be done as it was asked.
    pub notes: Vec<Note>,
    /// Where faces are in it, in its pixels so far.
    pub faces: Vec<Span2>,
}

/// What lengths and conditions depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub density: Density,
    pub original: &'a Original,
    /// All of the recipe's.
    pub assets: &'a [Asset],
    /// Has the file fewer pixels than what it shows?
    pub downscaled: bool,
}

impl Finish {
    /// A step of geometry, and the size after it.
    pub fn push(&mut self, step: Step, size: Size) {
        // A smart crop is decided by pixels: documents that ask for faces after one are refused.
        let (left, top) = match &step {
            Step::Extract(part) => (-f64::from(part.left), -f64::from(part.top)),
            Step::Extend { left, top, .. } => (f64::from(*left), f64::from(*top)),
            _ => (0.0, 0.0),
        };
        for face in &mut self.faces {
            *face = face.moved(left, top);
        }
        self.steps.push(step);
        self.size = size;
    }

    /// All that a derivative asks, in its order.
    pub fn extend(&mut self, asked: &[AskedStep], at: At<'_>) {
        for step in asked {
            self.add(step, at);
        }
    }

    fn add(&mut self, asked: &AskedStep, at: At<'_>) {
        let length = |pixels: f64| pixels * at.density.factor();
        let effect = match asked {
            AskedStep::Plain(effect) => effect.clone(),
            AskedStep::Sharpen {
                when: When::Downscale,
                ..
            } if !at.downscaled => return,
            AskedStep::Sharpen { sigma, m1, m2, .. } => Effect::Sharpen {
                sigma: length(*sigma),
                m1: *m1,
                m2: *m2,
            },
            AskedStep::Blur { sigma, region } => {
                let Some(parts) = self.parts(*region, at.density) else {
                    return;
                };
                Effect::Blur {
                    sigma: length(*sigma),
                    parts,
                }
            }
            AskedStep::Pixelate { size, region } => {
                let Some(parts) = self.parts(*region, at.density) else {
                    return;
                };
                let size = length(*size).round().max(1.0) as u32;
                Effect::Pixelate { size, parts }
            }
            AskedStep::Round { radius, background } => Effect::Round {
                radius: self.radius(*radius, at.density),
                background: *background,
            },
            AskedStep::Border(border) => return self.border(*border, at.density),
            AskedStep::Composite(composite) => return self.composite(composite, at),
            AskedStep::Mask(mask) => return self.mask(mask, at),
            AskedStep::Text(text) => return self.text(text, at),
        };
        match &effect {
            Effect::Flatten(_) => self.clear = false,
            Effect::Round { background: None, .. } => self.clear = true,
            _ => {}
        }
        self.steps.push(Step::Effect(effect));
    }

    /// `None` if the effect would be seen nowhere; `Some(None)` if everywhere.
    #[expect(
        clippy::option_option,
        reason = "nowhere and everywhere are two answers, and both leave the list out"
    )]
    fn parts(&mut self, region: Option<Region>, density: Density) -> Option<Option<Vec<Rect>>> {
        let part = match region {
            None => return Some(None),
            Some(Region::Part(part)) => part,
            Some(Region::Faces) => {
                let faces: Vec<Rect> = self
                    .faces
                    .iter()
                    .filter_map(|face| face.head(self.size))
                    .collect();
                if faces.is_empty() {
                    self.note(Note::NoFace);
                    return None;
                }
                return Some(Some(faces));
            }
        };
        let found = part_of(self.size, part, density);
        if found.is_none() {
            self.note(Note::RegionOutside);
        }
        found.map(|rect| Some(vec![rect]))
    }

    fn radius(&self, radius: Radius, density: Density) -> u32 {
        let shorter = f64::from(self.size.width.min(self.size.height));
        let asked = match radius {
            Radius::Px(pixels) => pixels * density.factor(),
            Radius::Percent(percent) => shorter * percent / 100.0,
            Radius::Max => shorter / 2.0,
        };
        asked.round().min(shorter / 2.0).ceil() as u32
    }

    /// Outside: the canvas grows. Inside: what it covers is cut off first.
    fn border(&mut self, border: Border, density: Density) {
        let Size { width, height } = self.size;
        let asked = density.scale(border.width);
        let wide = if border.outside {
            asked
        } else {
            let most = (width.min(height) - 1) / 2;
            if asked > most {
                self.note(Note::BorderNarrowed);
            }
            asked.min(most)
        };
        if wide == 0 {
            return;
        }
        let mut size = Size {
            width: width + 2 * wide,
            height: height + 2 * wide,
        };
        if !border.outside {
            let inner = Rect {
                left: wide,
                top: wide,
                width: width - 2 * wide,
                height: height - 2 * wide,
            };
            self.push(
                Step::Extract(inner),
                Size {
                    width: inner.width,
                    height: inner.height,
                },
            );
            size = Size { width, height };
        }
        let step = Step::Extend {
            size,
            left: wide,
            top: wide,
            mode: ExtendMode::Background(border.colour),
        };
        self.push(step, size);
    }

    pub(super) fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// A rectangle of a file, cut to what lies in it; `None` if nothing does.
fn part_of(size: Size, part: Extract, density: Density) -> Option<Rect> {
    let pixels = |value: f64, whole: u32| match part.unit {
        Unit::Px => (value * density.factor()).round(),
        Unit::Percent => (value * f64::from(whole) / 100.0).round(),
    };
    let span = |from: f64, length: f64, whole: u32| {
        let start = pixels(from, whole);
        let end = (start + pixels(length, whole).max(1.0)).min(f64::from(whole));
        (end > start).then_some((start as u32, (end - start) as u32))
    };
    let (left, width) = span(part.left, part.width, size.width)?;
    let (top, height) = span(part.top, part.height, size.height)?;
    Some(Rect {
        left,
        top,
        width,
        height,
    })
}
