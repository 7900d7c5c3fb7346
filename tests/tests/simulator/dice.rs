//! Numbers that are the same in every run of a seed.
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A stream of numbers (splitmix64).
#[derive(Debug)]
pub struct Dice(AtomicU64);

impl Dice {
    /// `stream` keeps several streams of one seed apart.
    pub fn new(seed: u64, stream: u64) -> Self {
        let dice = Self(AtomicU64::new(seed ^ stream.rotate_left(32)));
        dice.roll(u64::MAX);
        dice
    }

    /// From 0 to `below` - 1.
    pub fn roll(&self, below: u64) -> u64 {
        let mut z = self.0.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % below
    }

    /// One of `of` times.
    pub fn one_in(&self, of: u64) -> bool {
        self.roll(of) == 0
    }

    /// One of these.
    pub fn pick<'a, T>(&self, from: &'a [T]) -> &'a T {
        &from[self.roll(from.len() as u64) as usize]
    }

    /// From nothing to `max`, in milliseconds.
    pub fn up_to(&self, max: Duration) -> Duration {
        Duration::from_millis(self.roll(max.as_millis() as u64 + 1))
    }
}
