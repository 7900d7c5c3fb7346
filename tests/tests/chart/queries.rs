//! Every query of a panel or a rule is one that Prometheus understands, of metrics that the program has.
use std::{collections::BTreeSet, fs};

use minilab_telemetry::Metrics;
use serde_json::{Value, json};

use super::{
    alerts::rules,
    tools::{are_here, chart, files, promtool, run},
};

/// What Kubernetes, KEDA and Prometheus itself tell.
const OTHERS: [&str; 5] = ["container_", "kube_", "keda_", "up{", "minilab:"];

/// A query with where it stands.
pub struct Query {
    pub at: String,
    pub text: String,
}

pub fn dashboards() -> Vec<(String, Value)> {
    files(&chart("files/dashboards"), ".json")
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            assert!(
                text.len() < 900 * 1024,
                "{} is too large for a ConfigMap",
                path.display()
            );
            (
                path.file_name().unwrap().to_string_lossy().into_owned(),
                serde_json::from_str(&text).unwrap(),
            )
        })
        .collect()
}

pub fn of_panels() -> Vec<Query> {
    let mut queries = Vec::new();
    for (file, dashboard) in dashboards() {
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                queries.push(Query {
                    at: format!("{file}: {}", panel["title"]),
                    text: target["expr"].as_str().unwrap().to_owned(),
                });
            }
        }
    }
    assert!(queries.len() > 80, "only {} queries", queries.len());
    queries
}

/// With values in place of Grafana's variables.
fn filled(query: &str) -> String {
    let ranges = query.replace("$__rate_interval", "5m").replace("$__range", "6h");
    ["$cpu_hour", "$put_1000", "$get_1000"]
        .into_iter()
        .fold(ranges, |query, price| query.replace(price, "1"))
}

#[test]
fn every_query_of_a_panel_is_understood_by_prometheus() {
    if !are_here() {
        return;
    }
    let rules: Vec<_> = of_panels()
        .iter()
        .enumerate()
        .map(|(index, query)| json!({ "record": format!("query:{index}"), "expr": filled(&query.text) }))
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queries.yaml");
    fs::write(
        &path,
        json!({ "groups": [{ "name": "queries", "rules": rules }] }).to_string(),
    )
    .unwrap();
    let checked = run(promtool().args(["check", "rules"]).arg(path));
    assert!(checked.ok, "{}", checked.said);
}

/// The words of a query that name a metric of ours, with histograms' endings taken off.
fn metrics(query: &str) -> BTreeSet<String> {
    query
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'))
        .filter(|word| word.starts_with("minilab_"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_metric_that_is_asked_for_is_one_that_the_program_has() {
    if !are_here() {
        return;
    }
    let known: BTreeSet<_> = Metrics::new("test")
        .render()
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
        .collect();
    let mut queries = of_panels();
    queries.extend(rules().iter().map(|rule| {
        Query {
            at: rule["alert"]
                .as_str()
                .or(rule["record"].as_str())
                .unwrap()
                .to_owned(),
            text: rule["expr"].as_str().unwrap_or("0").to_owned(),
        }
    }));
    let unknown: Vec<_> = queries
        .iter()
        .flat_map(|query| {
            metrics(&query.text)
                .into_iter()
                .map(move |metric| (&query.at, metric))
        })
        .filter(|(_, metric)| !known.contains(metric))
        .map(|(at, metric)| format!("{at}: {metric}"))
        .collect();
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn every_recorded_figure_that_is_asked_for_is_recorded() {
    if !are_here() {
        return;
    }
    let rules = rules();
    let recorded: BTreeSet<_> = rules.iter().filter_map(|rule| rule["record"].as_str()).collect();
    let mut texts: Vec<_> = of_panels().into_iter().map(|query| query.text).collect();
    texts.extend(
        rules
            .iter()
            .filter_map(|rule| rule["expr"].as_str().map(str::to_owned)),
    );
    for text in texts {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
        for word in words.filter(|word| word.starts_with("minilab:")) {
            assert!(recorded.contains(word), "{word} is recorded by no rule");
        }
    }
}

/// Is it about a metric that is not ours?
pub fn is_of_others(query: &str) -> bool {
    OTHERS.iter().any(|metric| query.contains(metric))
}
