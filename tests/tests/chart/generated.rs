//! What is made from something else is what it would be if it were made now.
use std::fs;

use serde_json::Value;

use super::tools::{chart, python, root, run};

#[test]
fn schema_and_readme_follow_from_values_and_every_value_is_used() {
    if !super::tools::are_here() {
        return;
    }
    let checked = run(python().arg(root().join("scripts/chart.py")).arg("--check"));
    assert!(checked.ok, "{}", checked.said);
}

#[test]
fn dashboards_follow_from_their_script() {
    if !super::tools::are_here() {
        return;
    }
    let checked = run(python().arg(root().join("scripts/dashboards.py")).arg("--check"));
    assert!(checked.ok, "{}", checked.said);
}

#[test]
fn schema_of_the_configuration_in_the_chart_is_the_program_s() {
    let kept: Value =
        serde_json::from_str(&fs::read_to_string(chart("config.schema.json")).unwrap()).unwrap();
    assert!(
        kept == minilab_recipe::schema(),
        "helm/config.schema.json is not what the program prints: run `make chart` and look at what changes"
    );
}

#[test]
fn chart_and_program_have_one_version() {
    let text = fs::read_to_string(chart("Chart.yaml")).unwrap();
    let line = format!("appVersion: {}", env!("CARGO_PKG_VERSION"));
    assert!(
        text.lines().any(|found| found == line),
        "helm/Chart.yaml lacks {line:?}"
    );
}
