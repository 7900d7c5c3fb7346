//! The simulator: real workers and dispatchers on a paused clock, in a world whose every call may fail, stall, come late or
//! come twice, and whose processes are killed at any moment. A seed is the same every time.
//!
//! `MINILAB_SIM_SEEDS=17` replays one seed, `MINILAB_SIM_SEEDS=0..100000` runs many; without it each test runs its usual ones.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod broken;
mod converged;
mod crew;
mod dice;
mod documents;
mod figures;
mod invariants;
mod ledger;
mod process;
mod remote_queue;
mod remote_store;
mod rest;
mod run;
mod seeds;
mod sim;
mod story;
mod studio;
mod trace;
mod weather;

use self::{
    broken::Broken,
    run::{Theme, run},
    seeds::all_hold,
};

/// Seeds of each theme: together more than two thousand.
const SEEDS: u64 = 520;
/// Seeds that each broken world is given to show.
const FOUND_WITHIN: u64 = 400;

#[test]
fn one_original_under_contention_converges() {
    all_hold(Theme::Contention, SEEDS);
}

#[test]
fn lost_late_doubled_and_reordered_events_converge() {
    all_hold(Theme::Events, SEEDS);
}

#[test]
fn rolling_configurations_never_go_back() {
    all_hold(Theme::Configurations, SEEDS);
}

#[test]
fn sweeps_beside_attempts_delete_nothing_that_is_wanted() {
    all_hold(Theme::Sweeps, SEEDS);
}

#[test]
fn a_seed_is_the_same_every_time() {
    for theme in [
        Theme::Contention,
        Theme::Events,
        Theme::Configurations,
        Theme::Sweeps,
    ] {
        for seed in 0..10 {
            let (once, again) = (run(theme, seed, None), run(theme, seed, None));
            assert_eq!(once.digest, again.digest, "{theme:?}, seed {seed}");
            assert_eq!(once.figures, again.figures, "{theme:?}, seed {seed}");
        }
    }
}

#[test]
fn every_broken_world_is_found() {
    for broken in Broken::ALL {
        let found = (0..FOUND_WITHIN).find_map(|seed| {
            let verdict = run(Theme::Contention, seed, Some(broken)).verdict;
            verdict.err().map(|violation| (seed, violation))
        });
        let (seed, violation) =
            found.unwrap_or_else(|| panic!("{broken:?} is not found within {FOUND_WITHIN} seeds"));
        println!(
            "{broken:?} is found by seed {seed}: {}",
            violation.chars().take(200).collect::<String>()
        );
    }
}
