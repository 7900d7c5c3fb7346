//! Kills at the fail points of steps 5 to 10, spread over originals, lanes and files.
use std::collections::BTreeMap;

use crate::{
    photos::{Content, KEYS, VERSIONS},
    process::Standalone,
    round::{Life, Tally, Undisturbed},
};

/// Step, point, and when it is reached for which time: at most as often as three originals of new content come to it.
type Point = (u32, &'static str, &'static [u32]);

/// Step 7 is the store's: nothing is visible before it is complete.
const MAKING: [Point; 8] = [
    (5, "step5_original_opened", &[1, 2, 3, 4]),
    (5, "step5_original_read", &[1, 2, 3, 4]),
    (6, "step6_before_put", &[1, 6, 11, 15, 20]),
    (6, "step6_after_put", &[1, 7, 12, 16, 20]),
    (7, "store_body_opened", &[9, 30, 45, 55]),
    (7, "store_body_prepared", &[10, 31, 45, 60]),
    (7, "store_attributes_recorded", &[11, 24, 39, 55]),
    (7, "store_body_placed", &[8, 22, 41, 58]),
];
const PUBLISHING: [Point; 9] = [
    (8, "step8_before_swap", &[1, 4, 6, 9]),
    (8, "step8_after_swap", &[1, 3, 7, 9]),
    (9, "step9_before_look", &[1, 5, 9]),
    (9, "step9_looked_again", &[2, 6, 8]),
    (10, "step10_aliases_written", &[1, 4, 9]),
    (10, "step10_manifest_written", &[2, 6, 9]),
    (10, "step10_projected", &[1, 5, 9]),
    (10, "step10_before_settle", &[1, 2, 4]),
    (10, "step10_settled", &[1, 3, 4]),
];

/// Of one world, so that some kills are the first thing that happens to it and some come late.
const ROUNDS: usize = 12;

/// What happens to the originals while the program stands still before it is killed, and after.
#[derive(Debug, Clone, Copy)]
enum Meanwhile {
    Nothing,
    Overwrite,
    Delete,
    /// The next start is killed as well, in the middle of the recovery.
    KillAgain(&'static str),
}

impl Meanwhile {
    fn of(index: usize) -> Self {
        match index % 6 {
            0 | 3 => Self::Nothing,
            1 => Self::Overwrite,
            2 => Self::Delete,
            4 => Self::KillAgain("store_body_prepared"),
            _ => Self::KillAgain("step8_before_swap"),
        }
    }
}

#[test]
fn killed_while_files_are_made_it_ends_as_if_undisturbed() {
    kill_at(&MAKING).tell("kills in steps 5 to 7");
}

#[test]
fn killed_while_they_are_published_it_ends_as_if_undisturbed() {
    kill_at(&PUBLISHING).tell("kills in steps 8 to 10");
}

fn kill_at(points: &[Point]) -> Tally {
    let undisturbed = Undisturbed::watch();
    let plan: Vec<_> = points
        .iter()
        .flat_map(|(step, point, hits)| hits.iter().map(|hit| (*step, *point, *hit)))
        .collect();
    let mut reached = BTreeMap::<u32, usize>::new();
    let mut total = Tally::default();
    let lives = plan.len().div_ceil(ROUNDS);
    for first in 0..lives {
        // Neighbours in the plan go to different worlds.
        let kills: Vec<_> = plan.iter().enumerate().skip(first).step_by(lives).collect();
        let mut life = Life::new(&undisturbed);
        for (round, (index, (step, point, hit))) in kills.into_iter().enumerate() {
            killed(&mut life, round, index, point, *hit);
            *reached.entry(*step).or_default() += 1;
        }
        total.add(life.end());
    }
    for (step, kills) in &reached {
        eprintln!("step {step}: {kills} kills at its fail points");
    }
    assert!(
        reached.len() == 3 && reached.values().all(|kills| *kills >= 3),
        "{reached:?}"
    );
    assert!(total.kills >= 30, "{} kills", total.kills);
    total
}

/// One round: all originals are uploaded anew, and the program is killed at a point.
fn killed(life: &mut Life<'_>, round: usize, index: usize, point: &str, hit: u32) {
    life.set_all(Content::Version(round % VERSIONS));
    let running = Standalone::at(&life.world, point, hit).unwrap_or_else(|| {
        panic!("{point} was not reached {hit} times; was the program built by `make build`?")
    });
    let meanwhile = Meanwhile::of(index);
    let key = index % KEYS.len();
    match meanwhile {
        Meanwhile::Overwrite => life.set(key, Content::Version((round + 1) % VERSIONS)),
        Meanwhile::Delete => life.set(key, Content::Gone),
        Meanwhile::Nothing | Meanwhile::KillAgain(_) => {}
    }
    life.kill(running);
    // After a late kill nothing is left to recover.
    if let Meanwhile::KillAgain(point) = meanwhile
        && let Some(running) = Standalone::at(&life.world, point, 1)
    {
        life.kill(running);
    }
    life.settle(&format!("{point}:{hit}, {meanwhile:?}, round {round}"));
}
