//! What turns do to sizes, rectangles and points.
use super::size;
use crate::{Point, Rect, Size, Step, Turn};

/// Steps that undo an EXIF orientation on an upright picture, for `autorotate: false`.
pub(super) fn undo_orientation(orientation: u8) -> Vec<Step> {
    match orientation {
        2 => vec![Step::Flop],
        3 => vec![Step::Turn(Turn::Half)],
        4 => vec![Step::Flip],
        5 => vec![Step::Turn(Turn::Quarter), Step::Flop],
        6 => vec![Step::Turn(Turn::ThreeQuarters)],
        7 => vec![Step::Turn(Turn::Quarter), Step::Flip],
        8 => vec![Step::Turn(Turn::Quarter)],
        _ => Vec::new(),
    }
}

/// Size after a turn; others leave it.
pub(super) fn turned(of: Size, step: &Step) -> Size {
    match step {
        Step::Turn(Turn::Quarter | Turn::ThreeQuarters) => Size {
            width: of.height,
            height: of.width,
        },
        Step::Rotate { degrees, .. } => {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let (w, h) = (f64::from(of.width), f64::from(of.height));
            size(
                (w * cos).abs() + (h * sin).abs(),
                (w * sin).abs() + (h * cos).abs(),
            )
        }
        _ => of,
    }
}

/// Where a rectangle of `within` lies after a quarter turn or a mirroring.
pub(super) fn turned_rect(rect: Rect, within: Size, step: &Step) -> Rect {
    let right = within.width - rect.left - rect.width;
    let below = within.height - rect.top - rect.height;
    let lying = |left, top| Rect {
        left,
        top,
        width: rect.height,
        height: rect.width,
    };
    match step {
        Step::Turn(Turn::Quarter) => lying(below, rect.left),
        Step::Turn(Turn::ThreeQuarters) => lying(rect.top, right),
        Step::Turn(Turn::Half) => Rect {
            left: right,
            top: below,
            ..rect
        },
        Step::Flip => Rect { top: below, ..rect },
        Step::Flop => Rect { left: right, ..rect },
        _ => rect,
    }
}

/// Where a point lies after a turn or a mirroring of a picture of size `within`.
pub(super) fn turned_point(at: Point, within: Size, step: &Step) -> Point {
    let Point { x, y } = at;
    match step {
        Step::Turn(Turn::Quarter) => Point { x: 1.0 - y, y: x },
        Step::Turn(Turn::ThreeQuarters) => Point { x: y, y: 1.0 - x },
        Step::Turn(Turn::Half) => Point {
            x: 1.0 - x,
            y: 1.0 - y,
        },
        Step::Flip => Point { x, y: 1.0 - y },
        Step::Flop => Point { x: 1.0 - x, y },
        Step::Rotate { degrees, .. } => {
            let (sin, cos) = degrees.to_radians().sin_cos();
            let after = turned(within, step);
            let (dx, dy) = (
                (x - 0.5) * f64::from(within.width),
                (y - 0.5) * f64::from(within.height),
            );
            Point {
                x: 0.5 + (dx * cos - dy * sin) / f64::from(after.width),
                y: 0.5 + (dx * sin + dy * cos) / f64::from(after.height),
            }
        }
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps that make a stored picture upright, as EXIF defines them.
    fn apply_orientation(orientation: u8) -> Vec<Step> {
        match orientation {
            6 => vec![Step::Turn(Turn::Quarter)],
            8 => vec![Step::Turn(Turn::ThreeQuarters)],
            other => undo_orientation(other),
        }
    }

    #[test]
    fn undoing_an_orientation_restores_every_rectangle() {
        let stored = Size {
            width: 40,
            height: 30,
        };
        let rect = Rect {
            left: 3,
            top: 5,
            width: 11,
            height: 7,
        };
        for orientation in 1..=8 {
            let (mut size, mut now) = (stored, rect);
            for step in apply_orientation(orientation)
                .iter()
                .chain(&undo_orientation(orientation))
            {
                now = turned_rect(now, size, step);
                size = turned(size, step);
            }
            assert_eq!((size, now), (stored, rect), "orientation {orientation}");
        }
    }

    #[test]
    fn points_follow_rectangles() {
        let size = Size {
            width: 100,
            height: 50,
        };
        let point = Point { x: 0.1, y: 0.3 };
        let rect = Rect {
            left: 10,
            top: 15,
            width: 0,
            height: 0,
        };
        for step in [
            Step::Turn(Turn::Quarter),
            Step::Turn(Turn::Half),
            Step::Turn(Turn::ThreeQuarters),
            Step::Flip,
            Step::Flop,
        ] {
            let after = turned(size, &step);
            let (rect, point) = (turned_rect(rect, size, &step), turned_point(point, size, &step));
            assert!(
                (point.x * f64::from(after.width) - f64::from(rect.left)).abs() < 1e-9,
                "{step:?}"
            );
            assert!(
                (point.y * f64::from(after.height) - f64::from(rect.top)).abs() < 1e-9,
                "{step:?}"
            );
        }
    }

    #[test]
    fn a_right_angle_by_degrees_is_a_quarter_turn() {
        let size = Size {
            width: 100,
            height: 50,
        };
        let free = Step::Rotate {
            degrees: 90.0,
            background: None,
        };
        assert_eq!(turned(size, &free), turned(size, &Step::Turn(Turn::Quarter)));
        let (one, other) = (
            turned_point(Point { x: 0.2, y: 0.4 }, size, &free),
            turned_point(Point { x: 0.2, y: 0.4 }, size, &Step::Turn(Turn::Quarter)),
        );
        assert!((one.x - other.x).abs() < 1e-9 && (one.y - other.y).abs() < 1e-9);
    }
}
