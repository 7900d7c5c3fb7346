//! Overlays at the size and density of one file.
use super::steps::{At, Finish};
use crate::recipe::legible;
use crate::{
    AskedComposite, AskedLaying, AskedMask, AskedText, AssetName, Caption, Composite, Laying, Length, Mask,
    Note, Outline, Picture, Plate, Size, Step,
};

/// Letters below it cannot be read, nor drawn.
const LETTERS_MIN: f64 = 1.0;

/// Which side of a file hundredths are of.
#[derive(Clone, Copy)]
enum Side {
    Width,
    Height,
    Shorter,
}

impl Finish {
    pub(super) fn composite(&mut self, asked: &AskedComposite, at: At<'_>) {
        let Some(laying) = self.laying(&asked.laying, at) else {
            return;
        };
        self.clear |= laying.blend.cuts();
        let side = |length: Length, of| at.length(length, self.size, of).round().max(1.0) as u32;
        let step = Composite {
            picture: at.picture(&asked.image),
            width: asked.width.map(|width| side(width, Side::Width)),
            height: asked.height.map(|height| side(height, Side::Height)),
            scale: at.density.factor(),
            laying,
        };
        self.steps.push(Step::Composite(step));
    }

    pub(super) fn mask(&mut self, asked: &AskedMask, at: At<'_>) {
        self.clear = true;
        self.steps.push(Step::Mask(Mask {
            picture: at.picture(&asked.image),
            invert: asked.invert,
        }));
    }

    pub(super) fn text(&mut self, asked: &AskedText, at: At<'_>) {
        let Some(laying) = self.laying(&asked.laying, at) else {
            return;
        };
        let fallback = || asked.missing.clone().filter(|text| !text.trim().is_empty());
        let Some(text) = asked.value.fill(at.original).or_else(fallback) else {
            return self.note(Note::TextLeftOut);
        };
        self.clear |= laying.blend.cuts();
        let length = |length: Length| at.length(length, self.size, Side::Shorter);
        let room = f64::from(self.size.width) - 2.0 * length(asked.laying.margin);
        let plate = asked.background.map(|(colour, opacity, padding)| Plate {
            colour,
            opacity,
            padding: length(padding).round() as u32,
        });
        let max_width = asked
            .max_width
            .map_or(room, |width| at.length(width, self.size, Side::Width));
        let padding = plate.map_or(0, |plate| 2 * plate.padding);
        let outline = asked.outline.map(|(width, colour)| Outline {
            width: length(width),
            colour,
        });
        self.steps.push(Step::Text(Caption {
            text: legible(&text, crate::recipe::TEXT_CHARS_MAX),
            font: asked.font,
            size: length(asked.size).max(LETTERS_MIN),
            line_height: asked.line_height,
            max_width: (max_width.round() as u32).saturating_sub(padding).max(1),
            align: asked.align,
            colour: asked.colour,
            outline: outline.filter(|outline| outline.width > 0.0),
            plate,
            laying,
        }));
    }

    /// `None`: files of this size do without it.
    fn laying(&self, asked: &AskedLaying, at: At<'_>) -> Option<Laying> {
        let whole = |pixels: u32| at.density.scale(pixels);
        if let Some((width, height)) = asked.min_canvas
            && (self.size.width < whole(width) || self.size.height < whole(height))
        {
            return None;
        }
        let (across, down) = asked.gravity.share().unwrap_or((0.5, 0.5));
        let margin = at.length(asked.margin, self.size, Side::Shorter);
        // Inwards from the edges that it lies at; nowhere in the middle.
        let inwards = |share: f64| margin * (1.0 - 2.0 * share);
        let left = at.length(asked.left, self.size, Side::Width) + inwards(across);
        let top = at.length(asked.top, self.size, Side::Height) + inwards(down);
        let gap = |gap| at.length(gap, self.size, Side::Shorter).round() as u32;
        Some(Laying {
            across,
            down,
            left: left.round() as i32,
            top: top.round() as i32,
            angle: asked.angle,
            tile: asked.tile.map(gap),
            opacity: asked.opacity,
            blend: asked.blend,
        })
    }
}

impl At<'_> {
    fn length(self, length: Length, size: Size, side: Side) -> f64 {
        let whole = match side {
            Side::Width => size.width,
            Side::Height => size.height,
            Side::Shorter => size.width.min(size.height),
        };
        match length {
            Length::Px(pixels) => pixels * self.density.factor(),
            Length::Percent(percent) => f64::from(whole) * percent / 100.0,
        }
    }

    fn picture(self, name: &AssetName) -> Picture {
        let assets = &self.assets;
        let number = assets.iter().position(|asset| asset.name == *name);
        let number = number.expect("every asset of the recipe is listed");
        assets[number].picture(number)
    }
}
