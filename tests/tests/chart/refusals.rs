//! Values that contradict each other, or that no value may have, are refused with a sentence, by both Helms.
use std::fs;

use super::{
    rendered::template,
    tools::{HELMS, are_here, chart, helm, run},
};

/// Over ci/minimal-values.yaml: values, and what is said of them.
const CONTRADICTIONS: &[(&str, &str)] = &[
    ("config: null", "there is no configuration: set config"),
    ("existingConfigMap: { name: own }", "config and existingConfigMap.name are both set"),
    ("config: { queue: null }", "config has no queue"),
    ("config: { queue: { sqs: null, sqlite: q.db } }", "config.queue is SQLite, which one machine alone can use"),
    ("config: { from: { s3: null, folder: /photos } }", "config.from is a folder, which pods do not share"),
    ("config: { queue: { sqs: null, rabbitmq: { url: '${AMQP_URL}' } } }", "config uses ${AMQP_URL}, which nothing gives"),
    ("config: { intake: [{ webhook: { listen: 8090, token: 0123456789abcdef } }] }", "the webhook listens on 8090, which nobody outside its pod can reach"),
    ("config: { intake: [{ webhook: { listen: '127.0.0.1:8090', token: 0123456789abcdef } }] }", "the webhook listens on 127.0.0.1:8090"),
    ("config: { intake: [{ webhook: { listen: '0.0.0.0:9090', token: 0123456789abcdef } }] }", "port 9090, which is dispatcher.port"),
    ("image: { tag: latest }", "image.tag is latest"),
    ("dispatcher: { graceSeconds: 60 }", "dispatcher.terminationGracePeriodSeconds is 60, and needs at least 20 more"),
    ("workerDefaults: { graceSeconds: 110 }", "lanes.fast: terminationGracePeriodSeconds is 120, and needs at least 20 more"),
    ("dispatcher: { pdb: { maxUnavailable: 0 } }", "dispatcher.pdb.maxUnavailable is 0, so no node could ever be drained"),
    ("lanes: { bulk: { pdb: { maxUnavailable: 0% } } }", "lanes.bulk: pdb.maxUnavailable is 0, so no node could ever be drained"),
    ("serviceAccounts: { worker: { create: false } }", "serviceAccounts.worker.create is false and it has no name"),
    ("workerDefaults: { autoscaling: { kind: hpa, min: 9, max: 3 } }", "autoscaling.min is 9, more than autoscaling.max (3)"),
    ("workerDefaults: { autoscaling: { kind: hpa, min: 0 } }", "autoscaling.min is 0, from which an HPA never comes back"),
    ("lanes: { fast: { replicas: 3, autoscaling: { kind: hpa } } }", "replicas is set, and autoscaling.kind is hpa, which would fight over it"),
    ("lanes: { fast: { autoscaling: { costWeighted: { enabled: true } } } }", "lanes.fast: autoscaling.costWeighted needs autoscaling.kind: keda"),
    ("workerDefaults: { slots: 8 }", "resources.limits.memory is 2560Mi, and 8 slots may plan for 6400Mi"),
    ("workerDefaults: { resources: { limits: { memory: much } } }", "resources.limits.memory is much, which is no quantity"),
    ("workerDefaults: { autoscaling: { kind: keda } }", "KEDA has to know the region of the queues"),
    (
        "config: { queue: { sqs: null, rabbitmq: { url: '${AMQP_URL}' } } }\nsecretVariables: { AMQP_URL: { secret: a, key: b } }\nworkerDefaults: { autoscaling: { kind: keda } }",
        "set broker.rabbitmq.management.existingSecret",
    ),
    (
        "config: null\nexistingConfigMap: { name: own }\nworkerDefaults: { autoscaling: { kind: keda } }",
        "KEDA has to know where jobs wait: set broker.kind",
    ),
    (
        "keda: { createAuthentication: false }\nbroker: { sqs: { region: eu-central-1 } }\nworkerDefaults: { autoscaling: { kind: keda } }",
        "keda.createAuthentication is false: name yours",
    ),
    ("lanes: { bulk: null }", "no group of lanes takes backfill, so its jobs would wait for ever"),
];

/// The same, of what the schema refuses: where both Helms say that it is, each in its own spelling.
const WRONG: &[(&str, [&str; 2])] = &[
    ("imagine: {}", ["imagine", "imagine"]),
    ("workerDefaults: { slot: 2 }", ["slot", "slot"]),
    ("lanes: { fast: { slot: 2 } }", ["slot", "slot"]),
    ("lanes: { fast: { lanes: [slow] } }", ["lanes.fast.lanes.0", "/lanes/fast/lanes/0"]),
    ("lanes: { fast: { lanes: [] } }", ["lanes.fast.lanes", "/lanes/fast/lanes"]),
    ("lanes: { Fast: { lanes: [fast] } }", ["Fast", "Fast"]),
    ("workerDefaults: { slots: 0 }", ["workerDefaults.slots", "/workerDefaults/slots"]),
    ("workerDefaults: { autoscaling: { kind: magic } }", ["workerDefaults.autoscaling.kind", "/workerDefaults/autoscaling/kind"]),
    ("workerDefaults: { autoscaling: { meanSeconds: 0 } }", ["workerDefaults.autoscaling.meanSeconds", "/workerDefaults/autoscaling/meanSeconds"]),
    ("image: { digest: abc }", ["image.digest", "/image/digest"]),
    ("image: { pullPolicy: Sometimes }", ["image.pullPolicy", "/image/pullPolicy"]),
    ("broker: { kind: kafka }", ["broker.kind", "/broker/kind"]),
    ("dispatcher: { replicas: 0 }", ["dispatcher.replicas", "/dispatcher/replicas"]),
    ("dispatcher: { port: 80 }", ["dispatcher.port", "/dispatcher/port"]),
    ("secretVariables: { AMQP_URL: plain-text-password }", ["secretVariables.AMQP_URL", "/secretVariables/AMQP_URL"]),
    ("config: { recipes: { thumbs: { derivates: {} } } }", ["derivates", "derivates"]),
    ("config: { queue: { sqs: { regoin: x } } }", ["regoin", "regoin"]),
];

/// What Helm says of these values; it must not take them.
fn refusal(major: &str, over: &str, more: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("over.yaml");
    fs::write(&path, over).unwrap();
    let path = path.to_string_lossy();
    let rendered = template(
        major,
        &chart("ci/minimal-values.yaml"),
        &[&["--values", &path], more].concat(),
    );
    assert!(!rendered.ok, "{major} takes {over}");
    // Helm 4 breaks long messages.
    rendered.said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn contradictions_are_refused_with_a_sentence() {
    if !are_here() {
        return;
    }
    let mut silent = Vec::new();
    for major in HELMS {
        for (over, sentence) in CONTRADICTIONS {
            let said = refusal(major, over, &[]);
            if !said.contains(sentence) {
                silent.push(format!("{major}: {over}: {said}"));
            }
        }
    }
    assert!(silent.is_empty(), "{}", silent.join("\n"));
}

#[test]
fn all_contradictions_are_told_at_once() {
    if !are_here() {
        return;
    }
    let said = refusal("helm4", "image: { tag: latest }\nlanes: { bulk: null }", &[]);
    for sentence in ["image.tag is latest", "takes bulk", "takes backfill"] {
        assert!(said.contains(sentence), "{said}");
    }
}

#[test]
fn values_outside_the_schema_are_refused_where_they_are() {
    if !are_here() {
        return;
    }
    for (index, major) in HELMS.into_iter().enumerate() {
        for (over, places) in WRONG {
            let said = refusal(major, over, &[]);
            assert!(said.contains("schema") && said.contains(places[index]), "{major}: {over}: {said}");
        }
    }
}

#[test]
fn cluster_without_the_definitions_is_told_so() {
    if !are_here() {
        return;
    }
    for major in HELMS {
        for (example, group) in [("rabbitmq-keda", "keda.sh/v1alpha1"), ("sqs-keda-irsa", "monitoring.coreos.com/v1")] {
            let values = chart(&format!("examples/{example}.yaml"));
            let plain = |more: &[&str]| {
                run(helm(major)
                    .args(["template", "release"])
                    .arg(chart(""))
                    .arg("--values")
                    .arg(&values)
                    .args(more))
            };
            let refused = plain(&[]);
            assert!(!refused.ok && refused.said.contains(&format!("does not know {group}")), "{}", refused.said);
            assert!(plain(&["--set", "skipCrdCheck=true"]).ok);
        }
        let old = template(major, &chart("ci/minimal-values.yaml"), &["--kube-version", "1.28.0"]);
        assert!(!old.ok && old.said.contains("1.29.0"), "{}", old.said);
    }
}
