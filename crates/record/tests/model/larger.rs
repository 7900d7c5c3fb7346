//! The same with more of everything, for a change of the protocol: minutes and gigabytes each.
//! `cargo nextest run -p minilab-record --test model --no-capture --run-ignored only`
use crate::{explored::holds, originals::ETags, scenario::Scenario};

#[test]
#[ignore = "takes minutes: run it when the protocol changes"]
fn three_workers_converge_in_every_order() {
    holds("AB, three workers", Scenario::of("AB").workers(3), 1_000_000);
}

#[test]
#[ignore = "takes minutes: run it when the protocol changes"]
fn faults_of_every_kind_at_once_converge_in_every_order() {
    let all = |writes| Scenario::of(writes).crashes(1).passes(1);
    holds(
        "AB, crash, sweep and duplicate",
        all("AB").duplicates(1),
        1_000_000,
    );
    holds("ABA, crash and sweep", all("ABA"), 1_000_000);
    holds("AB-, crash and sweep", all("AB-"), 1_000_000);
    holds("A-A, crash and sweep", all("A-A"), 1_000_000);
}

#[test]
#[ignore = "takes minutes: run it when the protocol changes"]
fn rolling_changes_with_faults_converge_in_every_order() {
    let faults = |scenario: Scenario| scenario.crashes(1).passes(1);
    holds(
        "A, new settings",
        faults(Scenario::of("A").changes_settings()),
        500_000,
    );
    holds(
        "AB, a lane less",
        faults(Scenario::of("AB").drops_a_lane()),
        1_000_000,
    );
    let versions = Scenario::of("ABA").etags(ETags::OfWrite);
    holds("ABA, an ETag per write", faults(versions), 1_000_000);
}
