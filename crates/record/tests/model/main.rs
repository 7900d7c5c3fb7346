//! Every order of events of the ten-step attempt, explored with the real transitions of records; see docs/SEMANTICS.md.
//!
//! The figures of each exploration are printed: `cargo nextest run -p minilab-record --test model --no-capture`. What takes
//! minutes runs with `--run-ignored only` besides.
mod collector;
mod explored;
mod flaws;
mod larger;
mod laws;
mod model;
mod originals;
mod scenario;
mod worker;
mod world;

use crate::{explored::holds, originals::ETags, scenario::Scenario};

#[test]
fn overwritten_original_converges_in_every_order() {
    holds("AB, crash", Scenario::of("AB").crashes(1), 80_000);
    holds("AB, duplicate", Scenario::of("AB").duplicates(1), 120_000);
    holds("AB, full sweep", Scenario::of("AB").full_passes(1), 120_000);
    let all = Scenario::of("AB").one_lane().duplicates(1).crashes(1);
    let name = "AB in one lane, crash, duplicate and full sweep";
    holds(name, all.full_passes(1), 550_000);
}

#[test]
fn content_that_comes_back_converges_in_every_order() {
    holds("ABA", Scenario::of("ABA"), 200_000);
    let faults = Scenario::of("ABA").one_lane().crashes(1).passes(1);
    holds("ABA in one lane, crash and sweep", faults, 300_000);
}

#[test]
fn content_that_comes_back_as_another_version_converges_in_every_order() {
    let scenario = Scenario::of("ABA").etags(ETags::OfWrite).one_lane();
    let name = "ABA in one lane, an ETag per write, crash and sweep";
    holds(name, scenario.crashes(1).passes(1), 300_000);
}

#[test]
fn deleted_original_converges_in_every_order() {
    let all = Scenario::of("A-").duplicates(1).crashes(1).passes(1);
    holds("A-, crash, duplicate and sweep", all, 600_000);
    holds("AB-, sweep", Scenario::of("AB-").passes(1), 200_000);
    let faults = Scenario::of("AB-").one_lane().crashes(1).full_passes(1);
    holds("AB- in one lane, crash and full sweep", faults, 500_000);
}

#[test]
fn original_that_is_deleted_and_comes_back_converges_in_every_order() {
    holds("A-A, sweep", Scenario::of("A-A").passes(1), 450_000);
    let faults = Scenario::of("A-A").one_lane().crashes(1).full_passes(1);
    holds("A-A in one lane, crash and full sweep", faults, 220_000);
}

#[test]
fn new_settings_reach_everything_in_every_order_of_a_rolling_change() {
    let faults = Scenario::of("A").changes_settings().crashes(1);
    holds("A, new settings, crash", faults, 100_000);
}

#[test]
fn new_derivative_reaches_everything_in_every_order_of_a_rolling_change() {
    let scenario = Scenario::of("A").adds_a_derivative().crashes(1).passes(1);
    holds("A, new derivative, crash and sweep", scenario, 100_000);
}

#[test]
fn lane_that_is_no_longer_used_goes_in_every_order_of_a_rolling_change() {
    holds("AB, a lane less", Scenario::of("AB").drops_a_lane(), 60_000);
    let faults = Scenario::of("A").drops_a_lane().crashes(1).full_passes(1);
    holds("A, a lane less, crash and full sweep", faults, 60_000);
}

#[test]
fn manifests_follow_their_records_in_every_order() {
    holds("AB, manifests", Scenario::of("AB").projects(), 6_000);
    let faults = Scenario::of("A-").projects().crashes(1);
    holds("A-, manifests, crash", faults, 9_000);
    let progressive = Scenario::of("AB").progressive().projects().passes(1);
    holds("AB, progressive manifests, sweep", progressive, 60_000);
}
