//! Dashboards and rules of the chart as a test asks and runs them: variables filled in, and time made faster.
use std::{fs, path::Path};

use serde_json::Value;

/// Told by nobody here: Kubernetes and KEDA.
const NOT_HERE: [&str; 3] = ["container_", "kube_", "keda_"];

/// One query of a panel about what the program itself tells.
pub struct Panel {
    pub at: String,
    pub dashboard: String,
    pub number: u64,
    pub target: String,
    pub expression: String,
}

pub fn panels() -> Vec<Panel> {
    let mut panels = Vec::new();
    for text in files("files/dashboards") {
        let dashboard: Value = serde_json::from_str(&text).unwrap();
        for panel in dashboard["panels"].as_array().unwrap() {
            for target in panel["targets"].as_array().unwrap() {
                let expression = target["expr"].as_str().unwrap();
                let is_alone = expression.contains("or vector(0)");
                if !is_alone && NOT_HERE.iter().any(|metric| expression.contains(metric)) {
                    continue;
                }
                panels.push(Panel {
                    at: format!("{}: {}", dashboard["title"], panel["title"]),
                    dashboard: dashboard["uid"].as_str().unwrap().to_owned(),
                    number: panel["id"].as_u64().unwrap(),
                    target: target["refId"].as_str().unwrap().to_owned(),
                    expression: filled(expression),
                });
            }
        }
    }
    panels
}

/// With what Grafana would put in place of its variables.
fn filled(expression: &str) -> String {
    [
        ("$__rate_interval", "15s"),
        ("$__range", "5m"),
        ("$namespace", ".*"),
        ("$job", ".+"),
        ("$instance", ".+"),
        ("$lane", ".+"),
        ("$cpu_hour", "0.04"),
        ("$put_1000", "0.005"),
        ("$get_1000", "0.0004"),
    ]
    .into_iter()
    .fold(expression.to_owned(), |text, (variable, value)| {
        text.replace(variable, value)
    })
}

/// Rules with a minute made a second, and an hour a minute: in ranges, offsets, and how long alerts wait.
pub fn faster(rules: &str) -> String {
    let mut text = String::with_capacity(rules.len());
    let mut rest = rules;
    while let Some((found, prefix)) = ["[", "offset ", "for: "]
        .into_iter()
        .filter_map(|prefix| Some((rest.find(prefix)?, prefix)))
        .min()
    {
        let (before, after) = rest.split_at(found + prefix.len());
        text += before;
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        text += &after[..digits];
        rest = &after[digits..];
        if digits > 0 {
            for (slow, fast) in [("m", "s"), ("h", "m"), ("d", "h")] {
                if let Some(left) = rest.strip_prefix(slow) {
                    text += fast;
                    rest = left;
                    break;
                }
            }
        }
    }
    text + rest
}

/// The files of a folder of the chart.
pub fn files(folder: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../helm").join(folder);
    let mut paths: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn rules_are_made_faster_where_they_say_times_and_nowhere_else() {
    let text = "record: minilab:failed:ratio_rate5m\nexpr: rate(a[1h]) - a offset 5m > b[3d]\nfor: 15m\nkeep_firing_for: 2m\n";
    let expected = "record: minilab:failed:ratio_rate5m\nexpr: rate(a[1m]) - a offset 5s > b[3h]\nfor: 15s\nkeep_firing_for: 2s\n";
    assert_eq!(faster(text), expected);
}
