//! Where the network looks: at the whole picture, then closer, at overlapping squares of it.
use crate::Picture;
use crate::boxes::Found;
use crate::network::{Input, SIDE};

/// How many squares share the longer side when looking closer. Two show a face at 3.3 pixels of the network for 2 of the
/// 640 pixels that it is given; a third step would cost nine more looks for faces too small to crop to.
const CLOSER: f64 = 2.0;
/// Share of a square that the next one sees too: a face that large is whole in one of them.
const OVERLAP: f64 = 0.35;
/// A box that reaches beyond its square by more than this share of the square is of a face cut in two.
const BEYOND: f64 = 0.02;

/// A square of the picture, in its pixels; what lies outside the picture is black.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    left: f64,
    top: f64,
    side: f64,
}

impl View {
    /// From fractions of the view to pixels of the picture.
    pub fn place(self, found: Found) -> Found {
        Found {
            left: self.left + found.left * self.side,
            top: self.top + found.top * self.side,
            right: self.left + found.right * self.side,
            bottom: self.top + found.bottom * self.side,
            score: found.score,
        }
    }

    /// Does an edge of the view cut the face where the picture goes on? Another view shows it whole.
    pub fn cuts(self, found: &Found, width: usize, height: usize) -> bool {
        let slack = BEYOND * self.side;
        let (right, bottom) = (self.left + self.side, self.top + self.side);
        (self.left > 0.0 && found.left < self.left - slack)
            || (self.top > 0.0 && found.top < self.top - slack)
            || (right < width as f64 - 1.0 && found.right > right + slack)
            || (bottom < height as f64 - 1.0 && found.bottom > bottom + slack)
    }
}

/// All views of a picture of that size.
pub fn views(width: usize, height: usize) -> Vec<View> {
    let (width, height) = (width as f64, height as f64);
    let whole = width.max(height);
    let closer = whole / (CLOSER - (CLOSER - 1.0) * OVERLAP);
    let mut views = vec![View {
        left: -(whole - width) / 2.0,
        top: -(whole - height) / 2.0,
        side: whole,
    }];
    // A network that sees every pixel sees no more from nearer.
    if whole > SIDE as f64 {
        for top in starts(height, closer) {
            for left in starts(width, closer) {
                views.push(View {
                    left,
                    top,
                    side: closer,
                });
            }
        }
    }
    views
}

/// Where squares of that side begin along a length, so that they overlap enough and end where it ends.
fn starts(length: f64, side: f64) -> Vec<f64> {
    if length <= side {
        return vec![-(side - length) / 2.0];
    }
    let count = (((length - side * OVERLAP) / (side * (1.0 - OVERLAP))).ceil()).max(2.0);
    (0..count as usize)
        .map(|index| index as f64 * (length - side) / (count - 1.0))
        .collect()
}

/// The view as the network takes it: 192 pixels a side, each the weighted mean of the pixels under it (a triangle as wide as
/// the reduction), samples from -1 to 1.
pub fn look(picture: Picture<'_>, view: View) -> Input {
    let columns = taps(view.left, view.side, picture.width);
    let rows = taps(view.top, view.side, picture.height);
    let (first, last) = rows
        .iter()
        .filter(|row| !row.weights.is_empty())
        .fold((picture.height, 0), |(first, last), row| {
            (first.min(row.first), last.max(row.first + row.weights.len()))
        });
    // Across first, only of the rows that are needed; then down.
    let mut across = vec![0.0_f32; last.saturating_sub(first) * SIDE * 3];
    for (line, row) in across.chunks_exact_mut(SIDE * 3).zip(first..) {
        let samples = &picture.rgb[row * picture.width * 3..][..picture.width * 3];
        for (pixel, tap) in line.as_chunks_mut::<3>().0.iter_mut().zip(&columns) {
            let under = samples[tap.first * 3..].as_chunks::<3>().0;
            for (weight, sample) in tap.weights.iter().zip(under) {
                for (sum, value) in pixel.iter_mut().zip(sample) {
                    *sum += weight * f32::from(*value);
                }
            }
        }
    }
    let mut input = Input::black();
    for (line, tap) in input.samples.chunks_exact_mut(SIDE * 3).zip(&rows) {
        for (index, weight) in tap.weights.iter().enumerate() {
            let from = &across[(tap.first - first + index) * SIDE * 3..][..SIDE * 3];
            for (sum, value) in line.iter_mut().zip(from) {
                *sum += weight * value / 127.5;
            }
        }
    }
    input
}

/// The pixels that one pixel of the network is made of.
struct Tap {
    first: usize,
    weights: Vec<f32>,
}

/// For each of the network's pixels along one side. Weights of pixels outside the picture are left out: they are black.
fn taps(from: f64, side: f64, length: usize) -> Vec<Tap> {
    let scale = side / SIDE as f64;
    let reach = scale.max(1.0);
    (0..SIDE)
        .map(|index| {
            let middle = from + (index as f64 + 0.5) * scale;
            let (least, most) = ((middle - reach).floor() as i64, (middle + reach).ceil() as i64);
            let weigh = |at: i64| (1.0 - ((at as f64 + 0.5 - middle) / reach).abs()).max(0.0);
            let total: f64 = (least..most).map(weigh).sum();
            let (first, end) = (least.clamp(0, length as i64), most.clamp(0, length as i64));
            Tap {
                first: first as usize,
                weights: (first..end).map(|at| (weigh(at) / total) as f32).collect(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_cover_the_picture_and_overlap() {
        for (width, height) in [(640, 427), (427, 640), (640, 640), (640, 20), (300, 200)] {
            let views = views(width, height);
            for x in 0..width {
                let seen = views[1..]
                    .iter()
                    .any(|view| view.left <= x as f64 && x as f64 + 1.0 <= view.left + view.side + 1e-6);
                assert!(seen, "{width}x{height} at {x}");
            }
        }
        assert_eq!(views(190, 100).len(), 1);
        assert_eq!(views(640, 427).len(), 5);
    }

    #[test]
    fn grey_stays_grey_within_the_picture_and_is_black_outside() {
        let rgb = vec![255; 64 * 32 * 3];
        let picture = Picture {
            width: 64,
            height: 32,
            rgb: &rgb,
        };
        let input = look(picture, views(64, 32)[0]);
        let at = |x: usize, y: usize| input.samples[(y * SIDE + x) * 3];
        assert!((at(96, 96) - 1.0).abs() < 1e-4);
        assert!((at(96, 10) + 1.0).abs() < 1e-4);
    }
}
