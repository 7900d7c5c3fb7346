//! What an original may cost at most: in this installation (`limits`), and less in a recipe (`accept`).
use serde_json::{Value, json};

use super::read::{Fields, Problems, one_or_many};
use super::recipe::format;
use super::scalar;
use super::tree::Tree;
use crate::Accept;

/// Beyond these no child has the address space.
fn ceiling() -> Accept {
    Accept {
        bytes: 1 << 30,
        pixels: 1_000_000_000,
        whole_image_pixels: 250_000_000,
        side: 100_000,
        frames: 10_000,
        animation_pixels: 1_000_000_000,
        ..Accept::default()
    }
}

/// Those of the document, which recipes may lower.
pub(super) fn limits(tree: &Tree, problems: &Problems) -> Option<Accept> {
    let mut fields = Fields::open("limits", tree, problems)?;
    let limits = numbers(
        &mut fields,
        &Accept::default(),
        (&ceiling(), "more than a child has room for"),
    );
    fields.close();
    Some(limits)
}

/// Those of a recipe, in an installation with these limits.
pub(super) fn accept(tree: &Tree, limits: &Accept, problems: &Problems) -> Option<Accept> {
    let mut fields = Fields::open("accept", tree, problems)?;
    let numbers = numbers(
        &mut fields,
        limits,
        (
            limits,
            "a recipe may lower this limit, not raise it: `limits` of the document does",
        ),
    );
    let formats = fields.read("formats", |tree, problems| one_or_many(tree, problems, format));
    fields.close();
    let mut formats = formats.unwrap_or_else(|| limits.formats.clone());
    formats.sort();
    formats.dedup();
    Some(Accept { formats, ..numbers })
}

fn numbers(fields: &mut Fields<'_>, usual: &Accept, (max, why): (&Accept, &'static str)) -> Accept {
    let at_most = |read: fn(&Tree, &Problems) -> Option<u64>, max| {
        move |tree: &Tree, problems: &Problems| scalar::at_most(tree, read, (max, why), problems)
    };
    let bytes = fields.read("bytes", at_most(scalar::bytes, max.bytes));
    let pixels = fields.read("pixels", at_most(scalar::count, max.pixels));
    let whole = at_most(scalar::count, max.whole_image_pixels);
    let whole = fields.read("whole_image_pixels", whole);
    let side = fields.read("side", |t, p| scalar::integer(t, 1..=max.side, p));
    let frames = fields.read("frames", |t, p| scalar::integer(t, 1..=max.frames, p));
    let animation = at_most(scalar::count, max.animation_pixels);
    let animation = fields.read("animation_pixels", animation);
    let half = pixels.map(|pixels| (pixels / 2).clamp(1, max.whole_image_pixels));
    Accept {
        bytes: bytes.unwrap_or(usual.bytes),
        pixels: pixels.unwrap_or(usual.pixels),
        whole_image_pixels: whole.or(half).unwrap_or(usual.whole_image_pixels),
        side: side.unwrap_or(usual.side),
        frames: frames.unwrap_or(usual.frames),
        animation_pixels: animation.unwrap_or(usual.animation_pixels),
        formats: usual.formats.clone(),
    }
}

/// The keys that both have; no more than these are ever allowed.
pub(super) fn schema() -> Value {
    let (amount, most) = (json!({ "type": ["string", "integer"] }), ceiling());
    json!({
        "bytes": amount, "pixels": amount, "whole_image_pixels": amount,
        "side": { "type": "integer", "minimum": 1, "maximum": most.side },
        "frames": { "type": "integer", "minimum": 1, "maximum": most.frames },
        "animation_pixels": amount,
    })
}
