//! How large a drawing is: its width and height in pixels of CSS, else its view box.
use minilab_recipe::Size;
use roxmltree::Node;

use super::DPI;
use crate::{Error, Result};

/// Size of a drawing in pixels of CSS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Canvas {
    pub width: f64,
    pub height: f64,
}

impl Canvas {
    pub fn of(root: Node<'_, '_>) -> Result<Self> {
        if super::name(root) != Some("svg") {
            return Err(Error::unsupported("XML, but no SVG drawing"));
        }
        let (width, height) = (side(root, "width"), side(root, "height"));
        let canvas = match (width, height, view_box(root)) {
            (Some(width), Some(height), _) | (None, None, Some([_, _, width, height])) => {
                Self { width, height }
            }
            (Some(width), None, Some([_, _, w, h])) => Self {
                width,
                height: width * h / w,
            },
            (None, Some(height), Some([_, _, w, h])) => Self {
                width: height * w / h,
                height,
            },
            (_, _, None) => {
                return Err(Error::unsupported(
                    "an SVG drawing without a size (neither width and height nor a viewBox)",
                ));
            }
        };
        let sensible = |side: f64| (1e-3..1e9).contains(&side);
        if !sensible(canvas.width) || !sensible(canvas.height) {
            return Err(Error::corrupt("its header says that it has no pixels"));
        }
        Ok(canvas)
    }

    /// In whole pixels.
    pub fn size(self) -> Size {
        let whole = |side: f64| side.round().max(1.0) as u32;
        Size {
            width: whole(self.width),
            height: whole(self.height),
        }
    }
}

/// A side in pixels; none where it is left to whoever shows the drawing.
fn side(root: Node<'_, '_>, name: &str) -> Option<f64> {
    let text = root.attribute(name)?.trim();
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    let (number, unit) = match unit {
        // An exponent is part of the number.
        _ if unit.starts_with(['e', 'E']) && text.parse::<f64>().is_ok() => (text, ""),
        unit => (&text[..text.len() - unit.len()], unit.trim()),
    };
    let pixels = match unit {
        "" | "px" => 1.0,
        "in" => DPI,
        "cm" => DPI / 2.54,
        "mm" => DPI / 25.4,
        "pt" => DPI / 72.0,
        "pc" => DPI / 6.0,
        _ => return None,
    };
    let side = number.parse::<f64>().ok()? * pixels;
    side.is_finite().then_some(side)
}

/// Left, top, width and height, if they make sense.
fn view_box(root: Node<'_, '_>) -> Option<[f64; 4]> {
    let numbers: Vec<f64> = root
        .attribute("viewBox")?
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok().filter(|number: &f64| number.is_finite()))
        .collect::<Option<_>>()?;
    let numbers = <[f64; 4]>::try_from(numbers).ok()?;
    (numbers[2] > 0.0 && numbers[3] > 0.0).then_some(numbers)
}
