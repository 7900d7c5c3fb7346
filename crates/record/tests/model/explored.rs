//! Explores a scenario, prints the figures, and judges what was found.
use std::{collections::BTreeSet, time::Instant};

use stateright::{Checker, HasDiscoveries, Model as _};

use crate::scenario::Scenario;

/// Asserts that every law holds in every state, and that at least `least` states were seen: an exploration that ends at once
/// proves nothing.
pub fn holds(name: &str, scenario: Scenario, least: usize) {
    let begun = Instant::now();
    let checker = scenario
        .checker()
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    print_figures(name, &checker, begun);
    checker.assert_properties();
    let states = checker.unique_state_count();
    assert!(
        states >= least,
        "only {states} states of {name} were seen, {least} were expected"
    );
}

/// Asserts that the flaw of the scenario breaks `law`.
pub fn breaks(name: &str, scenario: Scenario, law: &'static str) {
    let begun = Instant::now();
    let finish = HasDiscoveries::AllOf(BTreeSet::from([law]));
    let checker = scenario.checker().finish_when(finish).spawn_bfs().join();
    print_figures(name, &checker, begun);
    let path = checker.discovery(law);
    let path = path.unwrap_or_else(|| panic!("{name} does not break \"{law}\""));
    println!("  \"{law}\" is broken by: {:?}", path.into_actions());
}

fn print_figures(name: &str, checker: &impl Checker<Scenario>, begun: Instant) {
    println!(
        "{name}: {} unique states of {}, depth {}, {:.1} s",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        begun.elapsed().as_secs_f64()
    );
}
