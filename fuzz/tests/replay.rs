//! Seeds and found cases of every reader, and mutations of them: the same on every machine, in a few seconds.
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use minilab_fuzz::{TARGETS, mutation::Mutator, target};

/// Of each reader, in a debug build some seconds of one core.
const ROUNDS: usize = 4_000;

fn holds(name: &str) {
    let target = target(name).expect("it is a target");
    let seeds = target.seeds().expect("seeds can be read");
    assert!(seeds.len() >= 3, "{name} has only {} seeds", seeds.len());
    for (seed, bytes) in &seeds {
        run(name, target.run, seed, bytes);
    }
    for (round, bytes) in Mutator::new(&seeds, 1).take(ROUNDS).enumerate() {
        run(name, target.run, &format!("round {round}"), &bytes);
    }
}

/// Runs one input; what does not hold is kept as a file for a look.
fn run(name: &str, run: fn(&[u8]), what: &str, bytes: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| run(bytes))).is_err() {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-found"));
        std::fs::write(&path, bytes).expect("the found case can be kept");
        panic!(
            "{name}: {what} breaks what must hold; it is kept as {}",
            path.display()
        );
    }
}

#[test]
fn every_reader_is_replayed() {
    let text = include_str!("replay.rs");
    for target in TARGETS {
        assert!(
            text.contains(&format!("holds(\"{}\")", target.name)),
            "{} is not",
            target.name
        );
    }
}

#[test]
fn any_message_is_bounded_events_or_unknown() {
    holds("events");
}

#[test]
fn nothing_pushed_is_taken_without_its_token_or_signature() {
    holds("pushed");
}

#[test]
fn any_names_make_keys_that_stay_under_their_original() {
    holds("keys");
}

#[test]
fn any_container_that_passes_is_within_the_limits() {
    holds("containers");
}

#[test]
fn any_metadata_is_told_as_bounded_text_without_a_place() {
    holds("metadata");
}

#[test]
fn cleared_metadata_names_no_place_and_clears_to_itself() {
    holds("clearing");
}

#[test]
fn any_drawing_is_written_anew_without_what_runs_or_reaches_outside() {
    holds("drawings");
}

#[test]
fn any_request_is_read_as_it_was_written() {
    holds("requests");
}

#[test]
fn any_answer_of_a_renderer_is_believed_only_within_what_was_asked() {
    holds("replies");
}

#[test]
fn any_job_is_bounded_and_read_as_it_was_written() {
    holds("jobs");
}

#[test]
fn any_state_is_read_as_it_was_written() {
    holds("state");
}

#[test]
fn any_configuration_is_read_or_its_problems_have_places() {
    holds("documents");
}
