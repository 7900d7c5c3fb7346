//! How far two pictures are apart: SSIMULACRA2 for what is seen, the greatest difference of a sample for what is counted.
use std::fmt;

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};

use crate::picture::Picture;

/// Two pictures of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distance {
    /// 100 for equal pictures, about 90 where nobody sees a difference.
    pub score: f64,
    /// Of premultiplied samples and of alpha: what hides behind transparency does not count.
    pub max: u8,
}

/// What a case accepts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Threshold {
    /// Least.
    pub score: f64,
    /// Greatest.
    pub max: u8,
    /// Of an encoded file: greatest part by which its size may differ.
    pub bytes: f64,
}

/// What equal results have: one level of 255 for another version of libvips.
const SAME: Threshold = Threshold {
    score: 99.9,
    max: 1,
    bytes: 0.01,
};

impl Threshold {
    pub fn accepts(self, distance: Distance) -> bool {
        distance.score >= self.score && distance.max <= self.max
    }

    pub fn is_looser_than_same(self) -> bool {
        self.score < SAME.score || self.max > SAME.max || self.bytes > SAME.bytes
    }
}

/// Why two pictures cannot be compared at all.
#[derive(Debug, PartialEq)]
pub enum Unlike {
    Size([u32; 4]),
    Profile,
}

impl fmt::Display for Unlike {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size([w, h, other_w, other_h]) => write!(f, "{w}x{h} where sharp has {other_w}x{other_h}"),
            Self::Profile => f.write_str("the colour profiles differ"),
        }
    }
}

pub fn between(ours: &Picture, theirs: &Picture) -> Result<Distance, Unlike> {
    let sizes = [ours.width, ours.height, theirs.width, theirs.height];
    if sizes[..2] != sizes[2..] {
        return Err(Unlike::Size(sizes));
    }
    if ours.profile != theirs.profile {
        return Err(Unlike::Profile);
    }
    let translucent = ours.is_translucent() || theirs.is_translucent();
    let grounds: &[u8] = if translucent { &[0, 255] } else { &[0] };
    Ok(Distance {
        score: grounds
            .iter()
            .map(|&ground| score(ours, theirs, ground))
            .fold(f64::INFINITY, f64::min),
        max: max(ours, theirs),
    })
}

fn score(ours: &Picture, theirs: &Picture, ground: u8) -> f64 {
    let Picture { width, height, .. } = *ours;
    let [ours, theirs] = [ours, theirs].map(|picture| picture.on(ground));
    let slice =
        |rgb| PixelSlice::new(rgb, width, height, width as usize * 3, PixelDescriptor::RGB8_SRGB).unwrap();
    compute_ssimulacra2(&slice(&theirs), &slice(&ours)).unwrap()
}

fn max(ours: &Picture, theirs: &Picture) -> u8 {
    let weighted = |[samples @ .., alpha]: [u8; 4]| {
        let [red, green, blue] = samples.map(|sample| (u32::from(sample) * u32::from(alpha) + 127) / 255);
        [red, green, blue, u32::from(alpha)]
    };
    let pairs = ours.pixels.iter().zip(&theirs.pixels);
    let differences = pairs.flat_map(|(one, other)| {
        let (one, other) = (weighted(*one), weighted(*other));
        [0, 1, 2, 3].map(|band| one[band].abs_diff(other[band]))
    });
    differences.max().unwrap_or(0) as u8
}
