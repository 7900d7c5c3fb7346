//! The rules of Grafana's dashboard-linter, over the files: data source, variables, units, descriptions, ranges and sums.
use std::collections::BTreeSet;

use serde_json::Value;

use super::queries::{dashboards, is_of_others, of_panels};

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[test]
fn dashboards_are_told_apart_linked_and_not_edited_in_place() {
    let mut seen = BTreeSet::new();
    for (file, dashboard) in dashboards() {
        assert_eq!(
            text(&dashboard, "uid"),
            format!("minilab-{}", file.trim_end_matches(".json"))
        );
        assert!(seen.insert(text(&dashboard, "title").to_owned()), "{file}");
        assert_eq!(dashboard["editable"], false, "{file}");
        assert!(text(&dashboard, "description").len() > 10, "{file}");
        let link = &dashboard["links"][0];
        assert!(link["includeVars"] == true && link["keepTime"] == true, "{file}");
        assert!(
            text(&dashboard["annotations"]["list"][0], "expr").contains("minilab_build_info"),
            "{file}"
        );
    }
    let expected = ["autoscaling", "cost", "failures", "lane", "overview", "worker"];
    let files: Vec<_> = dashboards().into_iter().map(|(file, _)| file).collect();
    assert_eq!(files, expected.map(|name| format!("{name}.json")));
}

#[test]
fn variables_choose_data_source_namespace_job_and_instance() {
    for (file, dashboard) in dashboards() {
        let variables = dashboard["templating"]["list"].as_array().unwrap();
        let named = |name: &str| {
            variables
                .iter()
                .find(|v| v["name"] == name)
                .unwrap_or_else(|| panic!("{file}: {name}"))
        };
        let source = named("datasource");
        assert!(
            source["type"] == "datasource" && source["query"] == "prometheus",
            "{file}"
        );
        assert_eq!(source["label"], "Data source", "{file}");
        for (name, all) in [("namespace", ".*"), ("job", ".+"), ("instance", ".+")] {
            let variable = named(name);
            assert_eq!(variable["type"], "query", "{file}: {name}");
            assert_eq!(variable["datasource"]["uid"], "${datasource}", "{file}: {name}");
            assert!(
                variable["multi"] == true && variable["includeAll"] == true,
                "{file}: {name}"
            );
            assert_eq!(variable["allValue"], all, "{file}: {name}");
            assert_eq!(
                variable["refresh"], 2,
                "{file}: {name} does not follow the time range"
            );
            assert!(
                text(variable, "query").starts_with("label_values("),
                "{file}: {name}"
            );
        }
    }
}

#[test]
fn panels_have_a_title_a_description_a_unit_and_queries_of_the_chosen_source() {
    for (file, dashboard) in dashboards() {
        let panels = dashboard["panels"].as_array().unwrap();
        let mut titles = BTreeSet::new();
        for panel in panels {
            let at = format!("{file}: {}", panel["title"]);
            assert!(titles.insert(text(panel, "title")), "{at} is there twice");
            assert!(text(panel, "description").len() > 10, "{at}: no description");
            assert!(
                !text(&panel["fieldConfig"]["defaults"], "unit").is_empty(),
                "{at}: no unit"
            );
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{at}");
            let targets = panel["targets"].as_array().unwrap();
            assert!(!targets.is_empty(), "{at}: no query");
            for target in targets {
                assert_eq!(target["datasource"]["uid"], "${datasource}", "{at}");
            }
        }
        assert_no_overlap(&file, panels);
    }
}

fn assert_no_overlap(file: &str, panels: &[Value]) {
    let mut taken = BTreeSet::new();
    for panel in panels {
        let side = |key: &str| panel["gridPos"][key].as_u64().unwrap();
        assert!(
            side("x") + side("w") <= 24,
            "{file}: {} is too wide",
            panel["title"]
        );
        for cell in (side("x")..side("x") + side("w"))
            .flat_map(|x| (side("y")..side("y") + side("h")).map(move |y| (x, y)))
        {
            assert!(taken.insert(cell), "{file}: {} lies on another", panel["title"]);
        }
    }
}

#[test]
fn queries_of_our_metrics_follow_the_variables() {
    for query in of_panels() {
        // What rules record, and what others tell, has not our jobs and instances.
        for selector in query
            .text
            .split("minilab_")
            .skip(1)
            .filter(|_| !query.text.contains("minilab:"))
        {
            let inside = selector.split(['{', '}']).nth(1).unwrap_or_default();
            for matcher in [
                "namespace=~\"$namespace\"",
                "job=~\"$job\"",
                "instance=~\"$instance\"",
            ] {
                assert!(
                    inside.contains(matcher),
                    "{}: no {matcher} in {}",
                    query.at,
                    query.text
                );
            }
        }
        let follows = query.text.contains("$namespace") || is_of_others(&query.text);
        assert!(follows, "{}: {}", query.at, query.text);
    }
}

#[test]
fn rates_take_grafana_s_interval_and_counters_only_come_as_sums_of_rates() {
    for query in of_panels() {
        for range in query
            .text
            .split('[')
            .skip(1)
            .map(|rest| rest.split(']').next().unwrap())
        {
            assert!(
                ["$__rate_interval", "$__range"].contains(&range),
                "{}: [{range}]",
                query.at
            );
        }
        for (index, _) in query.text.match_indices("rate(") {
            let range = query.text[index..].split(['[', ']']).nth(1).unwrap();
            assert_eq!(range, "$__rate_interval", "{}: {}", query.at, query.text);
        }
        for (index, _) in query.text.match_indices("_total{") {
            let before = &query.text[..index];
            let called = before.rfind('(').map(|open| &before[..open]).unwrap_or_default();
            assert!(
                called.ends_with("rate") || called.ends_with("increase"),
                "{}: {}",
                query.at,
                query.text
            );
            assert!(called.contains("sum"), "{}: not summed: {}", query.at, query.text);
        }
    }
}
