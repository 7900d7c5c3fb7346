//! The protocol with one thing done wrong, and the law that this breaks: the model sees what it is there to see.
use crate::{
    explored::breaks,
    laws::{CONVERGED, NO_DANGLING_NAME, NO_REGRESS},
    scenario::{Flaw, Scenario},
};

#[test]
fn without_a_second_look_an_upload_is_lost() {
    let one_lane = Scenario::of("ABA").one_lane().flaw(Flaw::NoLookAgain);
    breaks("no look-again, ABA in one lane", one_lane, CONVERGED);
    // With two lanes the second one's first look catches that; a tombstone has no second lane.
    let two_lanes = Scenario::of("A-A").flaw(Flaw::NoLookAgain);
    breaks("no look-again, A-A in two lanes", two_lanes, CONVERGED);
}

#[test]
fn looking_before_reading_the_record_goes_back_to_an_older_upload() {
    let scenario = Scenario::of("AB").flaw(Flaw::OriginalBeforeRecord);
    breaks("original before record", scenario, NO_REGRESS);
}

#[test]
fn keys_of_content_alone_dangle_when_content_comes_back() {
    let scenario = Scenario::of("ABA").passes(1).flaw(Flaw::ContentOnlyKeys);
    breaks("content-only keys", scenario, NO_DANGLING_NAME);
}

#[test]
fn one_generation_for_all_lanes_dangles() {
    let scenario = Scenario::of("A-A")
        .crashes(1)
        .passes(1)
        .flaw(Flaw::SharedGeneration);
    breaks("shared generation", scenario, NO_DANGLING_NAME);
}

#[test]
fn without_a_fence_an_unanswered_write_brings_an_old_state_back() {
    let scenario = Scenario::of("A-A").crashes(1).flaw(Flaw::NoFence);
    breaks("no fence", scenario, CONVERGED);
}

#[test]
fn without_a_tombstone_of_nobody_a_first_write_outlives_its_original() {
    let scenario = Scenario::of("A-").crashes(1).flaw(Flaw::NoTombstoneOfNobody);
    breaks("no tombstone of nobody", scenario, CONVERGED);
}
