//! A contact sheet for the eye: ours, theirs and eight times the difference of every case, in the order of the cases.
use std::{fs, path::Path};

use crate::picture::Picture;

const CELL: u32 = 132;
const ACROSS: u32 = 4;
const PER_SHEET: usize = 24;
const GROUND: [u8; 3] = [60, 60, 66];
const AMPLIFIED: u8 = 8;

/// Writes `target/tmp/goldens-N.png`.
pub fn write(rows: &[(Picture, Picture)]) {
    for (number, rows) in rows.chunks(PER_SHEET).enumerate() {
        let lines = (rows.len() as u32).div_ceil(ACROSS);
        let mut sheet = Picture::opaque(ACROSS * (3 * CELL + 12), lines * CELL, GROUND);
        for (index, (ours, theirs)) in (0_u32..).zip(rows) {
            let (left, top) = (index % ACROSS * (3 * CELL + 12), index / ACROSS * CELL);
            for (place, picture) in (0_u32..).zip([ours, theirs, &difference(ours, theirs)]) {
                sheet.stamp(&clipped(picture), left + place * CELL, top);
            }
        }
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("goldens-{}.png", number + 1));
        fs::write(path, sheet.png()).unwrap();
    }
}

fn difference(ours: &Picture, theirs: &Picture) -> Picture {
    if (ours.width, ours.height) != (theirs.width, theirs.height) {
        return Picture::opaque(ours.width, ours.height, [255, 0, 0]);
    }
    ours.map(|x, y| {
        let (one, other) = (ours.at(x, y), theirs.at(x, y));
        let [red, green, blue, alpha] =
            [0, 1, 2, 3].map(|band| one[band].abs_diff(other[band]).saturating_mul(AMPLIFIED));
        [red.max(alpha), green.max(alpha), blue.max(alpha), 255]
    })
}

/// What fits into a cell, opaque.
fn clipped(picture: &Picture) -> Picture {
    let (width, height) = (picture.width.min(CELL - 4), picture.height.min(CELL - 4));
    let ground = Picture::opaque(width, height, GROUND);
    ground.map(|x, y| {
        let [samples @ .., alpha] = picture.at(x, y);
        let alpha = u32::from(alpha);
        let mix = |band: usize| {
            ((u32::from(samples[band]) * alpha + u32::from(GROUND[band]) * (255 - alpha)) / 255) as u8
        };
        [mix(0), mix(1), mix(2), 255]
    })
}
