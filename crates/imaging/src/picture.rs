//! A picture: one frame, or the frames of an animation, all of one size. A still costs nothing more for that.
//!
//! Steps are done to every frame. What depends on content is decided on the first, so that nothing jumps.
use std::rc::Rc;

use minilab_recipe::{ExtendMode, Rect, Size, Step};

use crate::atelier::Atelier;
use crate::vips::{Call, Fault, Image};
use crate::{Error, Result, steps};

/// How the frames of an animation follow each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Times {
    /// How long each is shown, in milliseconds.
    pub(crate) delays_ms: Vec<i32>,
    /// How often all of it is shown; 0: without end.
    pub(crate) loops: i32,
}

/// One frame or more, never none.
#[derive(Clone)]
pub(crate) struct Picture<'a> {
    frames: Vec<Image<'a>>,
    /// Of an animation.
    times: Option<Rc<Times>>,
}

impl<'a> From<Image<'a>> for Picture<'a> {
    fn from(image: Image<'a>) -> Self {
        Self {
            frames: vec![image],
            times: None,
        }
    }
}

impl<'a> Picture<'a> {
    /// Frames of one size, at least one.
    pub(crate) fn animated(frames: Vec<Image<'a>>, times: Times) -> Self {
        debug_assert_eq!(frames.len(), times.delays_ms.len());
        Self {
            frames,
            times: Some(Rc::new(times)),
        }
    }

    /// The frame that stands for all.
    pub(crate) fn first(&self) -> &Image<'a> {
        &self.frames[0]
    }

    /// How many there are.
    pub(crate) fn frames(&self) -> u32 {
        self.frames.len() as u32
    }

    /// Applies the steps in order.
    pub(crate) fn apply(&self, steps: &[Step], atelier: &mut Atelier<'a>) -> Result<Self> {
        steps.iter().try_fold(self.clone(), |picture, step| match step {
            Step::Frame(number) => picture.only(*number),
            step if picture.frames.len() == 1 => picture.each(step, atelier),
            step => {
                let decided = decide(picture.first(), step)?;
                picture.each(&decided, atelier)
            }
        })
    }

    fn each(&self, step: &Step, atelier: &mut Atelier<'a>) -> Result<Self> {
        let frames: Result<Vec<_>> = self
            .frames
            .iter()
            .map(|frame| {
                let made = steps::apply(frame, std::slice::from_ref(step), atelier)?;
                // Colours and transparency are taken apart and joined, and each half computes what both come from: over
                // a few such steps that doubles and doubles again.
                if made.has_alpha() && mixes(step) {
                    made.in_memory_from(frame).map_err(Error::computing)
                } else {
                    Ok(made)
                }
            })
            .collect();
        Ok(Self {
            frames: frames?,
            times: self.times.clone(),
        })
    }

    fn only(&self, number: u32) -> Result<Self> {
        let frame = self.frames.get(number as usize).ok_or_else(|| {
            Error::internal(format!(
                "the plan asks for frame {number} of {}",
                self.frames.len()
            ))
        })?;
        Ok(frame.clone().into())
    }

    /// Computes all pixels into memory. `origin` is what they are computed from, and no longer needed then.
    pub(crate) fn in_memory_from(&self, origin: &Self) -> Result<Self, Fault> {
        let frames: Result<Vec<_>, Fault> = self
            .frames
            .iter()
            .map(|frame| frame.in_memory_from(origin.first()))
            .collect();
        Ok(Self {
            frames: frames?,
            times: self.times.clone(),
        })
    }

    /// All frames in one image, one below the other, as encoders take an animation; an image of its own, to put metadata on.
    pub(crate) fn strip(&self) -> Result<Image<'a>, Fault> {
        let Some(times) = self.times.as_ref().filter(|_| self.frames.len() > 1) else {
            let mut still = Call::new(c"copy").set(c"in", self.first()).image()?;
            // Else a GIF would say that it is shown again and again.
            still.set_number_field(c"loop", 1);
            return Ok(still);
        };
        let frames: Vec<&Image<'a>> = self.frames.iter().collect();
        let mut strip = Call::new(c"arrayjoin")
            .set(c"in", &frames[..])
            .set(c"across", 1)
            .image()?;
        strip.set_number_field(c"page-height", self.first().height() as i32);
        strip.set_numbers_field(c"delay", &times.delays_ms);
        strip.set_number_field(c"loop", times.loops);
        Ok(strip)
    }
}

/// Does it do more than to move pixels?
fn mixes(step: &Step) -> bool {
    !matches!(
        step,
        Step::Frame(_) | Step::Turn(_) | Step::Flip | Step::Flop | Step::Extract(_) | Step::SmartCrop { .. }
    )
}

/// The step that does to other frames what this one would do to the first.
fn decide(first: &Image<'_>, step: &Step) -> Result<Step> {
    Ok(match *step {
        Step::SmartCrop { size, .. } => Step::Extract(window(first, size, step)?),
        Step::Extend {
            size,
            left,
            top,
            mode: ExtendMode::Auto,
        } => Step::Extend {
            size,
            left,
            top,
            mode: steps::edge(first).map_err(Error::computing)?,
        },
        _ => step.clone(),
    })
}

/// What a smart crop keeps.
fn window(first: &Image<'_>, size: Size, crop: &Step) -> Result<Rect> {
    let cropped = steps::apply(first, std::slice::from_ref(crop), &mut Atelier::new())?;
    // libvips notes on a part where it was taken from.
    let (left, top) = if (first.width(), first.height()) == (size.width, size.height) {
        (0, 0)
    } else {
        cropped.origin()
    };
    Ok(Rect {
        left,
        top,
        width: size.width,
        height: size.height,
    })
}
