//! Ladders: widths that grow by a factor.
use super::read::{Fields, Problems};
use super::scalar;
use super::tree::Tree;
use crate::diagnostic::Code;

/// The longest side that every encoder takes (WebP ends at 16,383).
pub(super) const SIDE_MAX: u32 = crate::OUTPUT_SIDE_MAX;

/// More widths than any `srcset` needs.
const WIDTHS_MAX: usize = 40;

/// `{ min: 320, max: 2560, factor: 1.5, min_diff: 100 }`: each width is `factor` times the one before and at least
/// `min_diff` more; the last is `max`.
pub(super) fn widths(tree: &Tree, problems: &Problems) -> Option<Vec<u32>> {
    let mut fields = Fields::open("ladder", tree, problems)?;
    let min = fields.require("min", |t, p| scalar::integer(t, 1..=SIDE_MAX, p));
    let max = fields.require("max", |t, p| scalar::integer(t, 1..=SIDE_MAX, p));
    let factor = fields
        .read("factor", |t, p| scalar::number(t, 1.05..=10.0, p))
        .unwrap_or(1.5);
    let min_diff = fields
        .read("min_diff", |t, p| scalar::integer(t, 1..=SIDE_MAX, p))
        .unwrap_or(1);
    let (min, max) = (min?, max?);
    if min > max {
        fields.conflict(
            "min",
            format!("min {min} is above max {max}"),
            "min: 320, max: 2560",
        );
        return None;
    }
    fields.close();
    let widths = climb(min, max, factor, min_diff);
    if widths.len() > WIDTHS_MAX {
        let message = format!("the ladder has {} widths, more than {WIDTHS_MAX}", widths.len());
        problems.note(
            tree.span,
            Code::BadValue,
            message,
            Some("raise factor or min_diff".to_owned()),
        );
        return None;
    }
    Some(widths)
}

fn climb(min: u32, max: u32, factor: f64, min_diff: u32) -> Vec<u32> {
    let mut widths = vec![min];
    let mut width = min;
    while width < max {
        let grown = ((f64::from(width) * factor).round() as u32).max(width + min_diff);
        // A last step that would leave less than `min_diff` to the top goes to the top at once.
        width = if grown + min_diff > max { max } else { grown };
        widths.push(width);
    }
    widths
}

#[cfg(test)]
mod tests {
    use super::climb;

    #[test]
    fn a_ladder_grows_by_its_factor_and_ends_at_its_top() {
        assert_eq!(climb(320, 2560, 2.0, 1), [320, 640, 1280, 2560]);
        assert_eq!(climb(100, 1000, 1.67, 1), [100, 167, 279, 466, 778, 1000]);
    }

    #[test]
    fn steps_are_at_least_min_diff_apart() {
        let widths = climb(100, 1000, 1.1, 150);
        assert_eq!(widths, [100, 250, 400, 550, 700, 850, 1000]);
        assert_eq!(climb(500, 500, 1.5, 100), [500]);
    }
}
