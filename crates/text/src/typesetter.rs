//! Lines of glyphs from text, and coverage from glyphs.
use cosmic_text::{
    Attrs, Buffer, Fallback, Family, FontSystem, LayoutGlyph, LayoutRun, Metrics, Shaping, Weight, Wrap,
    fontdb,
};
use std::sync::Arc;
use swash::scale::{Render, ScaleContext, Source, image::Image};
use swash::zeno::{Format, Stroke, Vector};
use unicode_script::Script;

use crate::coverage::{Bounds, Stamp};
use crate::face::{ARABIC, FILES, HEBREW};
use crate::{Align, CHARACTERS_MAX, Coverage, Error, PIXELS_MAX, SIZE_MAX, SIZE_MIN, Setting};

/// The fonts, read and ready.
pub struct Typesetter {
    fonts: FontSystem,
    scaler: ScaleContext,
}

impl std::fmt::Debug for Typesetter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Typesetter")
    }
}

impl Default for Typesetter {
    fn default() -> Self {
        let mut known = fontdb::Database::new();
        for (_, bytes) in FILES {
            known.load_font_source(fontdb::Source::Binary(Arc::new(bytes)));
        }
        // The locale only chooses between forms of Han characters, of which there are none.
        let fonts =
            FontSystem::new_with_locale_and_db_and_fallback("en-US".to_owned(), known, BundledFallback);
        Self {
            fonts,
            scaler: ScaleContext::new(),
        }
    }
}

impl Typesetter {
    /// Draws a text: its lines' boxes, and what reaches beyond them.
    pub fn draw(&mut self, setting: &Setting<'_>) -> Result<Coverage, Error> {
        let characters = setting.text.chars().count();
        if characters > CHARACTERS_MAX {
            return Err(Error::TooLong(characters));
        }
        if !(SIZE_MIN..=SIZE_MAX).contains(&setting.size) {
            return Err(Error::Size(setting.size));
        }
        let lines = self.lay_out(setting);
        let mut bounds = whole(&lines).ok_or(Error::Nothing)?;
        too_large(bounds)?;
        let (mut letters, mut edges, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for run in lines.layout_runs() {
            for glyph in run.glyphs {
                missing.extend(unknown(&run, glyph));
                letters.extend(self.stamp(glyph, run.line_y, None));
                if setting.outline > 0.0 {
                    // Half of the stroke lies inside of the letter.
                    edges.extend(self.stamp(glyph, run.line_y, Some(setting.outline * 2.0)));
                }
            }
        }
        if letters.iter().all(|stamp| stamp.samples.is_empty()) {
            return Err(Error::Nothing);
        }
        bounds = letters.iter().chain(&edges).fold(bounds, Bounds::around);
        too_large(bounds)?;
        let (width, height) = bounds.size();
        missing.sort_unstable();
        missing.dedup();
        Ok(Coverage {
            width,
            height,
            fill: bounds.sheet(&letters),
            outline: (setting.outline > 0.0).then(|| bounds.sheet(&edges)),
            missing,
        })
    }

    fn lay_out(&mut self, setting: &Setting<'_>) -> Buffer {
        let (family, weight) = setting.face.family();
        let attributes = Attrs::new().family(Family::Name(family)).weight(Weight(weight));
        let metrics = Metrics::relative(setting.size, setting.line_height);
        let mut lines = Buffer::new(&mut self.fonts, metrics);
        lines.set_wrap(Wrap::WordOrGlyph);
        lines.set_size(setting.width_max, None);
        let align = match setting.align {
            Align::Left => cosmic_text::Align::Left,
            Align::Centre => cosmic_text::Align::Center,
            Align::Right => cosmic_text::Align::Right,
        };
        lines.set_text(setting.text, &attributes, Shaping::Advanced, Some(align));
        lines.shape_until_scroll(&mut self.fonts, false);
        // Short lines are placed beside the widest, not in all the room that there is.
        let widest = lines.layout_runs().map(|run| run.line_w).fold(0.0, f32::max);
        lines.set_size(Some(widest.ceil()), None);
        lines.shape_until_scroll(&mut self.fonts, false);
        lines
    }

    /// `None` for what leaves no mark.
    fn stamp(&mut self, glyph: &LayoutGlyph, baseline: f32, stroke: Option<f32>) -> Option<Stamp> {
        let place = glyph.physical((0.0, baseline), 1.0);
        let font = self.fonts.get_font(glyph.font_id, glyph.font_weight)?;
        let mut scaler = self
            .scaler
            .builder(font.as_swash())
            .size(glyph.font_size)
            .hint(false)
            .build();
        let part = Vector::new(place.cache_key.x_bin.as_float(), place.cache_key.y_bin.as_float());
        let mut render = Render::new(&[Source::Outline]);
        render.format(Format::Alpha).offset(part);
        if let Some(width) = stroke {
            render.style(Stroke::new(width));
        }
        let Image { placement, data, .. } = render.render(&mut scaler, glyph.glyph_id)?;
        Some(Stamp {
            left: place.x + placement.left,
            top: place.y - placement.top,
            width: placement.width,
            height: placement.height,
            samples: data,
        })
    }
}

/// The boxes of all lines; `None`: there is no line.
fn whole(lines: &Buffer) -> Option<Bounds> {
    let boxes = lines.layout_runs().map(|run| {
        let left = run
            .glyphs
            .iter()
            .map(|glyph| glyph.x)
            .fold(f32::INFINITY, f32::min);
        let right = run
            .glyphs
            .iter()
            .map(|glyph| glyph.x + glyph.w)
            .fold(0.0, f32::max);
        Bounds {
            left: if left.is_finite() { left.floor() as i32 } else { 0 },
            top: run.line_top.floor() as i32,
            right: right.ceil() as i32,
            bottom: (run.line_top + run.line_height).ceil() as i32,
        }
    });
    boxes.reduce(|one, other| Bounds {
        left: one.left.min(other.left),
        top: one.top.min(other.top),
        right: one.right.max(other.right),
        bottom: one.bottom.max(other.bottom),
    })
}

fn too_large(bounds: Bounds) -> Result<(), Error> {
    let (width, height) = bounds.size();
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(Error::TooLarge(width, height));
    }
    Ok(())
}

/// The characters that a glyph stands for if it is the box of a font that has no better one.
fn unknown<'r>(run: &LayoutRun<'r>, glyph: &LayoutGlyph) -> impl Iterator<Item = char> + use<'r> {
    let text = (glyph.glyph_id == 0).then(|| run.text.get(glyph.start..glyph.end));
    text.flatten().unwrap_or_default().chars()
}

/// Where letters come from that the chosen font lacks.
struct BundledFallback;

impl Fallback for BundledFallback {
    fn common_fallback(&self) -> &[&'static str] {
        &["Noto Sans", HEBREW, ARABIC]
    }

    fn forbidden_fallback(&self) -> &[&'static str] {
        &[]
    }

    fn script_fallback(&self, script: Script, _locale: &str) -> &[&'static str] {
        match script {
            Script::Hebrew => &[HEBREW],
            Script::Arabic => &[ARABIC],
            _ => &[],
        }
    }
}
