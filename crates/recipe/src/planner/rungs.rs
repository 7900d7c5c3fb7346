//! Which of a derivative's sizes an original gets.
use super::fit::{self, Fitted};
use super::{OUTPUT_PIXELS_MAX, OUTPUT_SIDE_MAX, OWN_WIDTH_MARGIN};
use crate::{Asked, Density, Derivative, Probe, Size, Skipped};

/// A size that will be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kept {
    pub density: Density,
    pub fitted: Fitted,
    /// The canvas and the border around it.
    pub size: Size,
}

/// Sizes in the order of their boxes, small first; what is left out goes to `skipped` with its reason. A drawing has no
/// pixels that could be too few: it is made at every size that is asked.
pub(super) fn kept(
    derivative: &Derivative,
    content: Size,
    probe: &Probe,
    skipped: &mut Vec<Skipped>,
) -> Vec<Kept> {
    let drawn = probe.format.is_vector();
    let mut kept: Vec<Kept> = Vec::new();
    let mut dropped: Option<Kept> = None;
    let mut skip = |asked: Option<Asked>, density: Density, reason: String| {
        skipped.push(Skipped {
            derivative: derivative.name.clone(),
            what: what(asked, density),
            reason,
        });
    };
    for (asked, density) in derivative.asked() {
        let (Some(resize), Some(asked)) = (&derivative.resize, asked) else {
            kept.push(bordered(
                derivative,
                density,
                Fitted {
                    resized: content,
                    canvas: content,
                },
            ));
            continue;
        };
        if let Some(shape) = resize.shape {
            let sides = Asked {
                width: Some(shape.width),
                height: Some(shape.height),
            };
            let own = fit::own(content, sides, resize.fit);
            kept.push(bordered(derivative, density, own));
            continue;
        }
        let (fitted, growth) = fit::fit(content, asked, resize.fit);
        let rung = bordered(derivative, density, fitted);
        let refused = if growth > 1.0 && !resize.enlarge && !drawn {
            Some(format!(
                "the picture is {}x{} and may not be enlarged",
                content.width, content.height
            ))
        } else {
            too_large(rung.size)
        };
        if let Some(reason) = refused {
            let own = fit::own(content, asked, resize.fit);
            dropped.get_or_insert_with(|| bordered(derivative, density, own));
            skip(Some(asked), density, reason);
        } else if kept.iter().any(|other| other.size == rung.size) {
            skip(
                Some(asked),
                density,
                "a smaller one already has this size".to_owned(),
            );
        } else {
            kept.push(rung);
        }
    }
    let far = |own: &Kept, last: &Kept| {
        f64::from(own.fitted.canvas.width) >= OWN_WIDTH_MARGIN * f64::from(last.fitted.canvas.width)
    };
    let largest = kept.iter().max_by_key(|rung| rung.size.pixels());
    let dropped = dropped.filter(|_| !drawn);
    if let Some(own) = dropped.filter(|own| largest.is_none_or(|last| far(own, last))) {
        kept.push(own);
    }
    kept.retain(|rung| match too_large(rung.size) {
        Some(reason) => {
            skip(None, rung.density, reason);
            false
        }
        None => true,
    });
    kept
}

/// Why a file of that size may not be.
fn too_large(size: Size) -> Option<String> {
    let Size { width, height } = size;
    let limit = format!("{OUTPUT_SIDE_MAX} a side and {OUTPUT_PIXELS_MAX} pixels are allowed");
    (width.max(height) > OUTPUT_SIDE_MAX || size.pixels() > OUTPUT_PIXELS_MAX)
        .then(|| format!("the file would be {width}x{height}; {limit}"))
}

fn bordered(derivative: &Derivative, density: Density, fitted: Fitted) -> Kept {
    let edges = derivative.extend.map(|extend| extend.edges).unwrap_or_default();
    let (canvas, grown) = (fitted.canvas, 2 * derivative.growth(density));
    let size = Size {
        width: canvas.width + density.scale(edges.left) + density.scale(edges.right) + grown,
        height: canvas.height + density.scale(edges.top) + density.scale(edges.bottom) + grown,
    };
    Kept {
        density,
        fitted,
        size,
    }
}

/// As the recipe writes it.
fn what(asked: Option<Asked>, density: Density) -> String {
    let size = match asked.map(|asked| (asked.width, asked.height)) {
        Some((Some(width), Some(height))) => format!("{width}x{height}"),
        Some((Some(width), None)) => format!("width {width}"),
        Some((None, Some(height))) => format!("height {height}"),
        _ => "own size".to_owned(),
    };
    if density == Density::ONE {
        size
    } else {
        format!("{size} ({density})")
    }
}
