//! Kills at moments that nobody chose, while originals are uploaded, overwritten and removed.
use std::{thread, time::Duration};

use crate::{
    photos::{Content, KEYS, VERSIONS},
    process::Standalone,
    round::{Life, Undisturbed},
};

const SEED: u32 = 7;
const ROUNDS: usize = 24;
/// By then a run is mostly done.
const MOMENT_MS_MAX: u32 = 250;

#[test]
fn killed_at_random_moments_it_ends_as_if_undisturbed() {
    let undisturbed = Undisturbed::watch();
    let mut life = Life::new(&undisturbed);
    let mut state = SEED;
    let mut below = |limit: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % limit
    };
    for round in 0..ROUNDS {
        let before = Content::Version(round % VERSIONS);
        life.set_all(before);
        for _ in 0..=below(2) {
            let running = Standalone::start(&life.world);
            // The moment of the kill; nothing waits for anything to have happened by then.
            thread::sleep(Duration::from_millis(below(MOMENT_MS_MAX).into()));
            let key = below(KEYS.len() as u32) as usize;
            match below(3) {
                0 => life.set(key, Content::Gone),
                1 => life.set(key, Content::Version((round + 1) % VERSIONS)),
                _ => {}
            }
            thread::sleep(Duration::from_millis(below(20).into()));
            life.kill(running);
        }
        life.settle(&format!("random round {round}"));
    }
    life.end().tell(&format!("kills at random moments, seed {SEED}"));
}
