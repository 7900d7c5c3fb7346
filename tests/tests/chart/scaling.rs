//! Who scales what: one autoscaler for each group, never a figure of ours alone, and the numbers that follow from the formula.
use std::path::Path;

use serde_json::Value;

use super::{
    rendered::{objects, values},
    tools::{HELMS, are_here, chart},
};

fn of_kind<'a>(objects: &'a [Value], kind: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["kind"] == kind).collect()
}

fn all(values: &Path) -> Vec<Value> {
    objects(HELMS[1], values, &[])
}

#[test]
fn deployment_has_replicas_only_where_nothing_scales_it() {
    if !are_here() {
        return;
    }
    for values in values() {
        let objects = all(&values);
        let scaled: Vec<_> = ["ScaledObject", "HorizontalPodAutoscaler"]
            .into_iter()
            .flat_map(|kind| of_kind(&objects, kind))
            .map(|object| &object["spec"]["scaleTargetRef"]["name"])
            .collect();
        let deployments = of_kind(&objects, "Deployment");
        for deployment in &deployments {
            let scalers = scaled
                .iter()
                .filter(|name| ***name == deployment["metadata"]["name"])
                .count();
            let said = !deployment["spec"]["replicas"].is_null();
            assert!(
                scalers <= 1 && said == (scalers == 0),
                "{}: {}",
                values.display(),
                deployment["metadata"]["name"]
            );
        }
        for name in scaled {
            assert!(
                deployments
                    .iter()
                    .any(|deployment| deployment["metadata"]["name"] == *name),
                "{name}"
            );
        }
    }
}

#[test]
fn the_broker_s_own_figure_stands_beside_ours_for_every_lane() {
    if !are_here() {
        return;
    }
    let (mut costs, mut pushed) = (0, 0);
    for values in values() {
        let objects = all(&values);
        for scaled in of_kind(&objects, "ScaledObject") {
            let triggers = scaled["spec"]["triggers"].as_array().unwrap();
            let is_of = |trigger: &Value, lane: &str| {
                trigger["name"].as_str().unwrap().starts_with(&format!("{lane}-"))
            };
            let own =
                |trigger: &&Value| ["aws-sqs-queue", "rabbitmq"].contains(&trigger["type"].as_str().unwrap());
            for trigger in triggers {
                let lane = trigger["name"].as_str().unwrap().split('-').next().unwrap();
                assert!(
                    triggers.iter().filter(own).any(|trigger| is_of(trigger, lane)),
                    "{scaled}"
                );
                if trigger["type"] == "external-push" {
                    pushed += 1;
                    assert_eq!(trigger["metadata"]["lane"], lane);
                    let address = trigger["metadata"]["scalerAddress"].as_str().unwrap();
                    let (host, port) = address.split_once(':').unwrap();
                    let port: u64 = port.parse().unwrap();
                    let services = of_kind(&objects, "Service");
                    let service = services
                        .iter()
                        .find(|s| s["metadata"]["name"] == host.split('.').next().unwrap())
                        .unwrap_or_else(|| panic!("{address}"));
                    let ports = service["spec"]["ports"].as_array().unwrap();
                    assert!(ports.iter().any(|p| p["port"] == port), "{address}: {service}");
                }
                if trigger["type"] == "metrics-api" {
                    costs += 1;
                    assert_eq!(trigger["metadata"]["valueLocation"], "waiting_seconds");
                    let url = trigger["metadata"]["url"].as_str().unwrap();
                    assert!(url.ends_with(&format!(":9090/scaling/v1/lanes/{lane}")), "{url}");
                    let service = url.trim_start_matches("http://").split('.').next().unwrap();
                    assert!(
                        of_kind(&objects, "Service")
                            .iter()
                            .any(|s| s["metadata"]["name"] == service),
                        "{url}"
                    );
                }
            }
            for trigger in triggers.iter().filter(own) {
                let metadata = &trigger["metadata"];
                let counts_busy = metadata["scaleOnInFlight"] == "true" || metadata["protocol"] == "http";
                assert!(counts_busy, "busy pods would be taken away: {trigger}");
                let named = &trigger["authenticationRef"]["name"];
                let made = of_kind(&objects, "TriggerAuthentication");
                assert!(
                    *named == "own-authentication" || made.iter().any(|a| a["metadata"]["name"] == *named),
                    "{named}"
                );
            }
        }
    }
    assert!(
        costs > 3 && pushed > 1,
        "only {costs} and {pushed} triggers by cost"
    );
}

/// One pod is enough for what it works off in four fifths of the drain time.
#[test]
fn messages_and_seconds_for_each_pod_follow_from_slots_drain_time_and_mean() {
    if !are_here() {
        return;
    }
    let objects = all(&chart("examples/rabbitmq-keda.yaml"));
    let told = |group: &str, trigger: &str, key: &str| {
        let scaled = of_kind(&objects, "ScaledObject");
        let scaled = scaled
            .iter()
            .find(|s| s["metadata"]["name"].as_str().unwrap().ends_with(group))
            .unwrap();
        let triggers = scaled["spec"]["triggers"].as_array().unwrap();
        let trigger = triggers.iter().find(|t| t["name"] == trigger).unwrap();
        trigger["metadata"][key].as_str().unwrap().parse::<u64>().unwrap()
    };
    for (group, slots, drain, mean) in [
        ("fast", 2.0, 2.0, 0.2),
        ("standard", 2.0, 30.0, 1.0),
        ("bulk", 2.0, 900.0, 5.0),
    ] {
        let work: f64 = slots * 0.8 * drain;
        assert_eq!(
            told(group, &format!("{group}-messages"), "value"),
            (work / mean) as u64,
            "{group}"
        );
        assert_eq!(
            told(group, &format!("{group}-seconds"), "targetValue"),
            work as u64,
            "{group}"
        );
    }
}

#[test]
fn queues_are_called_as_the_program_calls_them() {
    if !are_here() {
        return;
    }
    for (example, trigger, key, expected) in [
        (
            "examples/sqs-keda-irsa.yaml",
            "bulk-messages",
            "queueURL",
            "acme-jobs-bulk",
        ),
        (
            "examples/rabbitmq-keda.yaml",
            "backfill-messages",
            "queueName",
            "minilab.v1.jobs.backfill",
        ),
        (
            "ci/everything-values.yaml",
            "fast-messages",
            "queueName",
            "shop.v1.jobs.fast",
        ),
    ] {
        let objects = all(&chart(example));
        let triggers = of_kind(&objects, "ScaledObject");
        let mut triggers = triggers
            .iter()
            .flat_map(|s| s["spec"]["triggers"].as_array().unwrap());
        let found = triggers.find(|t| t["name"] == trigger).unwrap();
        assert_eq!(found["metadata"][key], expected, "{example}");
    }
    // Their homes; a change there has to come here and into the templates.
    for (file, text) in [
        (
            "crates/queue/src/rabbitmq/names.rs",
            "const VERSION: &str = \"v1\";",
        ),
        (
            "crates/queue/src/rabbitmq/names.rs",
            "(Kind::Jobs, _) => \"jobs.\"",
        ),
        ("crates/queue/src/sqs/names.rs", "(\"bulk\", \"jobs-bulk\")"),
    ] {
        let source = std::fs::read_to_string(super::tools::root().join(file)).unwrap();
        assert!(
            source.contains(text),
            "{file} has no {text}: the templates of the chart follow it"
        );
    }
}
