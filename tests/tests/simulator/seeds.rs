//! Which seeds run, and what is said of one that fails.
use std::ops::Range;

use crate::{
    figures::Figures,
    run::{Theme, run},
};

/// Names the seeds instead of the usual ones: `17` replays one, `0..100000` runs many.
const VARIABLE: &str = "MINILAB_SIM_SEEDS";

/// The seeds to run: the first `usual`, unless the variable names others.
pub fn seeds(usual: u64) -> Range<u64> {
    let Ok(asked) = std::env::var(VARIABLE) else {
        return 0..usual;
    };
    let parsed = match asked.split_once("..") {
        Some((from, to)) => from.parse().ok().zip(to.parse().ok()).map(|(from, to)| from..to),
        None => asked.parse().ok().map(|seed: u64| seed..seed + 1),
    };
    parsed.unwrap_or_else(|| {
        panic!("{VARIABLE}={asked:?} is neither a seed (`17`) nor a range of them (`0..100000`)")
    })
}

/// Runs every seed, and tells the figures, or of the first that fails.
pub fn all_hold(theme: Theme, usual: u64) {
    let seeds = seeds(usual);
    let mut figures = Figures::default();
    for seed in seeds.clone() {
        let outcome = run(theme, seed, None);
        figures.add(&outcome.figures);
        if let Err(violation) = outcome.verdict {
            panic!(
                "{theme:?}, seed {seed}: {violation}\n\n{}\nreplay it with {VARIABLE}={seed}; {theme:?}, seed {seed}: {violation}",
                outcome.trace
            );
        }
    }
    println!("{theme:?}, seeds {seeds:?}: {figures}");
}
