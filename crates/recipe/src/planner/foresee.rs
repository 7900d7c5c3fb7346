//! What a survey decodes, so that the plan after it can be made from the same pixels.
//!
//! Trims need every pixel of the original. Faces are seen at a small size, and what the plan makes is known but for where they
//! are: so a survey decodes what the plan would without faces, and a plan that needs no more takes that.
use super::limits::AT_HAND_PIXELS_MAX;
use crate::{ColourSpace, Decode, Embedded, Format, Kernel, Original, Probe, Recipe, Shrink, Size, Survey};

/// The detector of faces sees no more than this on the longer side.
pub const FACES_SIDE: u32 = 640;

impl Recipe {
    /// How a survey decodes the original; `None` where it looks at no pixel. Follows from recipe and header alone, not from
    /// the lanes that are made just now, so that whoever looks finds the same.
    pub fn foresee(&self, original: &Original, survey: &Survey) -> Option<Decode> {
        if !survey.trims.is_empty() {
            return Some(whole(&original.probe));
        }
        if !survey.faces {
            return None;
        }
        let blind = self.blind(original);
        let kernel = blind.as_ref().map_or(Kernel::default(), |decode| decode.kernel);
        let small = small(&original.probe, kernel);
        Some(blind.filter(|blind| shows(blind, &small)).unwrap_or(small))
    }

    /// What the plan would decode if nobody were there.
    fn blind(&self, original: &Original) -> Option<Decode> {
        let mut original = original.clone();
        original.findings.faces = Some(Vec::new());
        original.findings.embedded.get_or_insert_with(Embedded::default);
        Some(self.plan(&original, &self.lanes()).ok()?.decode)
    }
}

/// Can all faces be seen in it that can be seen at that small size? Frames of an animation are not all read to see the first.
fn shows(blind: &Decode, small: &Decode) -> bool {
    (blind.page, blind.frames, blind.colour) == (0, 1, small.colour)
        && longer(blind.size) >= longer(small.size)
        && blind.size.pixels() <= AT_HAND_PIXELS_MAX
}

/// All of it.
fn whole(probe: &Probe) -> Decode {
    Decode {
        shrink: Shrink(1),
        page: 0,
        size: probe.upright(),
        colour: ColourSpace::Srgb,
        kernel: Kernel::default(),
        frames: 1,
    }
}

/// As little as shows all faces, by the loader's own reduction as far as that goes.
fn small(probe: &Probe, kernel: Kernel) -> Decode {
    let upright = probe.upright();
    let scale = (f64::from(FACES_SIDE) / f64::from(longer(upright))).min(1.0);
    let reduces = probe.pages == 1
        && (probe.format == Format::Jpeg || (probe.format == Format::Webp && !probe.whole_image));
    let enough = |by: &u8| reduces && longer(upright) / u32::from(*by) >= FACES_SIDE;
    Decode {
        shrink: Shrink([8, 4, 2].into_iter().find(enough).unwrap_or(1)),
        size: super::size(
            f64::from(upright.width) * scale,
            f64::from(upright.height) * scale,
        ),
        kernel,
        ..whole(probe)
    }
}

fn longer(size: Size) -> u32 {
    size.width.max(size.height)
}
