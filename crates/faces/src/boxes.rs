//! What the network says of a view, as boxes; and the same face seen twice told as one.
use crate::network::{SIDE, Said};

/// Least score of a face. On the photos of docs/adr/0010-faces.md every face is seen at 0.76 or more, and what is none at 0.68 or less.
const SCORE_MIN: f64 = 0.7;
/// Boxes of one view that overlap by more than this share of their union are one face.
const SAME: f64 = 0.3;
/// Boxes of different views are one face also if so much of the smaller lies in the other.
const WITHIN: f64 = 0.6;

/// A box with the score of what is in it; of which picture its edges are measured, the caller knows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Found {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
    pub score: f64,
}

impl Found {
    pub fn side_x(&self) -> f64 {
        self.right - self.left
    }

    pub fn side_y(&self) -> f64 {
        self.bottom - self.top
    }

    fn area(&self) -> f64 {
        self.side_x() * self.side_y()
    }

    fn shared(&self, other: &Self) -> f64 {
        let across = self.right.min(other.right) - self.left.max(other.left);
        let down = self.bottom.min(other.bottom) - self.top.max(other.top);
        across.max(0.0) * down.max(0.0)
    }

    /// Share of the union that both have.
    fn overlap(&self, other: &Self) -> f64 {
        let shared = self.shared(other);
        shared / (self.area() + other.area() - shared)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.overlap(other) > SAME || self.shared(other) > WITHIN * self.area().min(other.area())
    }
}

/// The faces of one view, in fractions of its side. Each cell of the network's grid may say that a face is near it; cells that
/// mean the same face are averaged by their scores, as MediaPipe does.
pub fn read(said: &Said) -> Vec<Found> {
    let mut cells: Vec<Found> = (0..said.cells * said.cells)
        .filter_map(|cell| {
            let score = 1.0 / (1.0 + f64::from(-said.score(cell)).exp());
            (score >= SCORE_MIN).then(|| at(said, cell, score))
        })
        .filter(|found| found.side_x() > 0.0 && found.side_y() > 0.0)
        .collect();
    cells.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces = Vec::new();
    while let Some(best) = cells.first().copied() {
        let (same, rest): (Vec<_>, Vec<_>) = cells
            .into_iter()
            .partition(|cell| *cell == best || cell.overlap(&best) > SAME);
        cells = rest;
        let weight: f64 = same.iter().map(|cell| cell.score).sum();
        let mean =
            |edge: fn(&Found) -> f64| same.iter().map(|cell| edge(cell) * cell.score).sum::<f64>() / weight;
        faces.push(Found {
            left: mean(|cell| cell.left),
            top: mean(|cell| cell.top),
            right: mean(|cell| cell.right),
            bottom: mean(|cell| cell.bottom),
            score: best.score,
        });
    }
    faces
}

/// The box that a cell tells of: middle (from the cell's own) and sides, in pixels of the network's input.
fn at(said: &Said, cell: usize, score: f64) -> Found {
    let [x, y, width, height] = said.place(cell).map(|value| f64::from(value) / SIDE as f64);
    let middle = |index: usize| (index as f64 + 0.5) / said.cells as f64;
    let (x, y) = (x + middle(cell % said.cells), y + middle(cell / said.cells));
    Found {
        left: x - width / 2.0,
        top: y - height / 2.0,
        right: x + width / 2.0,
        bottom: y + height / 2.0,
        score,
    }
}

/// Each face once, the surest first; of two boxes the surer is kept.
pub fn distinct(mut seen: Vec<Found>) -> Vec<Found> {
    seen.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut faces: Vec<Found> = Vec::new();
    for found in seen {
        if !faces.iter().any(|face| face.is_same(&found)) {
            faces.push(found);
        }
    }
    faces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(left: f64, side: f64, score: f64) -> Found {
        Found {
            left,
            top: 0.0,
            right: left + side,
            bottom: side,
            score,
        }
    }

    #[test]
    fn face_seen_twice_is_told_once_by_the_surer_box() {
        let seen = vec![
            found(0.0, 1.0, 0.8),
            found(0.1, 1.0, 0.9),
            found(5.0, 1.0, 0.7),
            found(5.2, 0.4, 0.75),
        ];
        let faces = distinct(seen);
        let scores: Vec<_> = faces.iter().map(|face| face.score).collect();
        assert_eq!(scores, [0.9, 0.75]);
    }
}
