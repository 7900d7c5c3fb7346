//! Every alert fires for its cause, stays silent without it and recovers after it, by promtool; each has a page.
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use serde_json::Value;

use super::{
    rendered::parse,
    tools::{are_here, chart, files, promtool, root, run},
};

/// All rules of helm/files/rules.
pub fn rules() -> Vec<Value> {
    files(&chart("files/rules"), ".yaml")
        .iter()
        .flat_map(|path| parse(&fs::read_to_string(path).unwrap()))
        .flat_map(|file| file["groups"].as_array().unwrap().clone())
        .flat_map(|group| group["rules"].as_array().unwrap().clone())
        .collect()
}

fn alerts() -> BTreeMap<String, Value> {
    let alerts = rules()
        .into_iter()
        .filter_map(|rule| Some((rule["alert"].as_str()?.to_owned(), rule.clone())));
    alerts.collect()
}

fn stems(folder: &str, ending: &str) -> BTreeSet<String> {
    let files = files(&root().join(folder), ending);
    let stems = files
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    stems.filter(|stem| stem != "README").collect()
}

#[test]
fn rules_are_ones_that_prometheus_takes() {
    if !are_here() {
        return;
    }
    let checked = run(promtool()
        .args(["check", "rules"])
        .args(files(&chart("files/rules"), ".yaml")));
    assert!(checked.ok, "{}", checked.said);
}

#[test]
fn every_alert_fires_stays_silent_and_recovers() {
    if !are_here() {
        return;
    }
    let tests = files(&root().join("tests/tests/chart/alerts"), ".yaml");
    let mut wrong = Vec::new();
    for test in &tests {
        let tested = run(promtool().args(["test", "rules"]).arg(test));
        if !tested.ok {
            wrong.push(tested.said);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(
        stems("tests/tests/chart/alerts", ".yaml"),
        alerts().into_keys().collect()
    );
}

#[test]
fn every_test_of_an_alert_has_all_three_cases_and_names_its_causes() {
    if !are_here() {
        return;
    }
    for path in files(&root().join("tests/tests/chart/alerts"), ".yaml") {
        let test = parse(&fs::read_to_string(&path).unwrap()).remove(0);
        let (mut fires, mut recovers, mut silent) = (false, false, false);
        for case in test["tests"].as_array().unwrap() {
            assert!(
                case["name"].as_str().is_some_and(|cause| cause.len() > 12),
                "{}",
                path.display()
            );
            let looks = case["alert_rule_test"].as_array().unwrap();
            let fired: Vec<_> = looks
                .iter()
                .map(|look| !look["exp_alerts"].as_array().unwrap().is_empty())
                .collect();
            fires |= fired.contains(&true);
            recovers |= fired.windows(2).any(|pair| pair == [true, false]);
            silent |= !fired.contains(&true);
        }
        assert!(
            fires && recovers && silent,
            "{}: fires {fires}, recovers {recovers}, silent {silent}",
            path.display()
        );
    }
}

#[test]
fn every_alert_says_what_it_is_how_grave_and_where_to_read_on() {
    if !are_here() {
        return;
    }
    for (name, rule) in alerts() {
        assert!(
            ["page", "ticket"].contains(&rule["labels"]["severity"].as_str().unwrap()),
            "{name}"
        );
        assert!(!rule["keep_firing_for"].is_null(), "{name} flaps");
        for annotation in ["summary", "description"] {
            assert!(
                rule["annotations"][annotation]
                    .as_str()
                    .is_some_and(|text| text.len() > 10),
                "{name}"
            );
        }
        assert_eq!(
            rule["annotations"]["runbook_url"],
            format!("docs/runbooks/{name}.md")
        );
        let page = fs::read_to_string(root().join(format!("docs/runbooks/{name}.md"))).unwrap();
        for part in [
            "## Look",
            "## Do",
            "**Who feels it.**",
            rule["annotations"]["summary"].as_str().unwrap(),
        ] {
            assert!(page.contains(part), "docs/runbooks/{name}.md lacks {part:?}");
        }
    }
    assert_eq!(stems("docs/runbooks", ".md"), alerts().into_keys().collect());
}
