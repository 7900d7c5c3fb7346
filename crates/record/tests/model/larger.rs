//! The same with more of everything, for a change of the protocol: minutes and gigabytes.
//! `cargo nextest run -p minilab-record --test model --no-capture --run-ignored only`
use crate::{explored::holds, originals::ETags, scenario::Scenario};

#[test]
#[ignore = "takes minutes: run it when the protocol changes"]
fn three_workers_converge_in_every_order() {
    let scenario = Scenario::of("AB").workers(3).duplicates(1);
    holds("AB, three workers, duplicate", scenario, 2_000_000);
}

#[test]
#[ignore = "takes minutes: run it when the protocol changes"]
fn crashes_in_two_lanes_converge_in_every_order() {
    let crash = |writes| Scenario::of(writes).crashes(1);
    holds("AB, crash and sweep", crash("AB").passes(1), 500_000);
    holds("A-A, crash", crash("A-A"), 400_000);
}

#[test]
#[ignore = "takes minutes: run it when the protocol changes"]
fn rolling_changes_with_faults_converge_in_every_order() {
    let faults = |scenario: Scenario| scenario.crashes(1).passes(1);
    let settings = faults(Scenario::of("A").changes_settings());
    holds("A, new settings, crash and sweep", settings, 500_000);
    let lane = faults(Scenario::of("AB").drops_a_lane());
    holds("AB, a lane less, crash and sweep", lane, 10_000_000);
}

#[test]
#[ignore = "takes minutes: run it when the protocol changes"]
fn full_sweeps_converge_in_every_order() {
    let faults = |scenario: Scenario| scenario.crashes(1).full_passes(1);
    let duplicated = faults(Scenario::of("A-").duplicates(1));
    holds("A-, crash, duplicate and full sweep", duplicated, 1_700_000);
    let back = faults(Scenario::of("ABA").one_lane());
    holds("ABA in one lane, crash and full sweep", back, 1_700_000);
    let other = faults(Scenario::of("ABA").etags(ETags::OfWrite).one_lane());
    holds(
        "ABA in one lane, an ETag per write, crash and full sweep",
        other,
        1_900_000,
    );
    let more = faults(Scenario::of("A").adds_a_derivative());
    holds("A, new derivative, crash and full sweep", more, 2_500_000);
}
