//! Values that contradict each other, or that no value may have, are refused with a sentence, by both Helms.
use std::fs;

use super::{
    rendered::template,
    tools::{HELMS, are_here, chart, helm, run},
};

/// Values that are taken.
const TAKEN: &str = "\
config:
  version: 1
  from: { s3: { bucket: uploads } }
  to: { s3: { bucket: media } }
  queue: { sqs: {} }
  intake: [sqs]
  rules: [{ recipe: thumbs }]
  recipes: { thumbs: { derivatives: { thumb: { resize: { width: 320 }, formats: [webp] } } } }
";
const QUEUE: &str = "  queue: { sqs: {} }\n";
const RABBITMQ: &str = "  queue: { rabbitmq: { url: '${AMQP_URL}' } }\n";

/// What is put in the place of which part of these, values besides, and what is said of it.
const CONTRADICTIONS: &[([&str; 2], &str, &str)] = &[
    ([TAKEN, ""], "", "there is no configuration: set config"),
    (
        [TAKEN, ""],
        "config: null",
        "there is no configuration: set config",
    ),
    (
        SAME,
        "existingConfigMap: { name: own }",
        "config and existingConfigMap.name are both set",
    ),
    ([QUEUE, ""], "", "config has no queue"),
    (
        [QUEUE, "  queue: { sqlite: q.db }\n"],
        "",
        "config.queue is SQLite, which one machine alone can use",
    ),
    (
        ["{ s3: { bucket: uploads } }", "{ folder: /photos }"],
        "",
        "config.from is a folder, which pods do not share",
    ),
    (
        [QUEUE, RABBITMQ],
        "",
        "config uses ${AMQP_URL}, which nothing gives",
    ),
    (
        [
            "[sqs]",
            "[{ webhook: { listen: 8090, token: 0123456789abcdef } }]",
        ],
        "",
        "the webhook listens on 8090, which nobody outside its pod can reach",
    ),
    (
        [
            "[sqs]",
            "[{ webhook: { listen: '127.0.0.1:8090', token: 0123456789abcdef } }]",
        ],
        "",
        "the webhook listens on 127.0.0.1:8090",
    ),
    (
        [
            "[sqs]",
            "[{ webhook: { listen: '0.0.0.0:9090', token: 0123456789abcdef } }]",
        ],
        "",
        "port 9090, which is dispatcher.port",
    ),
    (SAME, "image: { tag: latest }", "image.tag is latest"),
    (
        SAME,
        "dispatcher: { graceSeconds: 60 }",
        "dispatcher.terminationGracePeriodSeconds is 60, and needs at least 20 more",
    ),
    (
        SAME,
        "workerDefaults: { graceSeconds: 110 }",
        "lanes.fast: terminationGracePeriodSeconds is 120, and needs at least 20 more",
    ),
    (
        SAME,
        "dispatcher: { pdb: { maxUnavailable: 0 } }",
        "dispatcher.pdb.maxUnavailable is 0, so no node could ever be drained",
    ),
    (
        SAME,
        "lanes: { bulk: { pdb: { maxUnavailable: 0% } } }",
        "lanes.bulk: pdb.maxUnavailable is 0, so no node could ever be drained",
    ),
    (
        SAME,
        "serviceAccounts: { worker: { create: false } }",
        "serviceAccounts.worker.create is false and it has no name",
    ),
    (
        SAME,
        "workerDefaults: { autoscaling: { kind: hpa, min: 9, max: 3 } }",
        "autoscaling.min is 9, more than autoscaling.max (3)",
    ),
    (
        SAME,
        "workerDefaults: { autoscaling: { kind: hpa, min: 0 } }",
        "autoscaling.min is 0, from which an HPA never comes back",
    ),
    (
        SAME,
        "lanes: { fast: { replicas: 3, autoscaling: { kind: hpa } } }",
        "replicas is set, and autoscaling.kind is hpa, which would fight over it",
    ),
    (
        SAME,
        "lanes: { fast: { autoscaling: { costWeighted: { enabled: true } } } }",
        "lanes.fast: autoscaling.costWeighted needs autoscaling.kind: keda",
    ),
    (
        SAME,
        "workerDefaults: { slots: 8 }",
        "resources.limits.memory is 2560Mi, and 8 slots may plan for 6400Mi",
    ),
    (
        SAME,
        "workerDefaults: { resources: { limits: { memory: much } } }",
        "resources.limits.memory is much, which is no quantity",
    ),
    (
        SAME,
        "workerDefaults: { autoscaling: { kind: keda } }",
        "KEDA has to know the region of the queues",
    ),
    (
        SAME,
        "lanes: { bulk: null }",
        "no group of lanes takes backfill, so its jobs would wait for ever",
    ),
    (
        [QUEUE, RABBITMQ],
        "secretVariables: { AMQP_URL: { secret: a, key: b } }\nworkerDefaults: { autoscaling: { kind: keda } }",
        "set broker.rabbitmq.management.existingSecret",
    ),
    (
        [TAKEN, ""],
        "existingConfigMap: { name: own }\nworkerDefaults: { autoscaling: { kind: keda } }",
        "KEDA has to know where jobs wait: set broker.kind",
    ),
    (
        SAME,
        "keda: { createAuthentication: false }\nbroker: { sqs: { region: eu-central-1 } }\nworkerDefaults: { autoscaling: { kind: keda } }",
        "keda.createAuthentication is false: name yours",
    ),
];
/// Nothing is put in the place of anything.
const SAME: [&str; 2] = ["", ""];

/// The same, of what the schema refuses: where both Helms say that it is, each in its own spelling.
const WRONG: &[(&str, [&str; 2])] = &[
    ("imagine: {}", ["imagine", "imagine"]),
    ("workerDefaults: { slot: 2 }", ["slot", "slot"]),
    ("lanes: { fast: { slot: 2 } }", ["slot", "slot"]),
    (
        "lanes: { fast: { lanes: [slow] } }",
        ["lanes.fast.lanes.0", "/lanes/fast/lanes/0"],
    ),
    (
        "lanes: { fast: { lanes: [] } }",
        ["lanes.fast.lanes", "/lanes/fast/lanes"],
    ),
    ("lanes: { Fast: { lanes: [fast] } }", ["Fast", "Fast"]),
    (
        "workerDefaults: { slots: 0 }",
        ["workerDefaults.slots", "/workerDefaults/slots"],
    ),
    (
        "workerDefaults: { autoscaling: { kind: magic } }",
        [
            "workerDefaults.autoscaling.kind",
            "/workerDefaults/autoscaling/kind",
        ],
    ),
    (
        "workerDefaults: { autoscaling: { meanSeconds: 0 } }",
        [
            "workerDefaults.autoscaling.meanSeconds",
            "/workerDefaults/autoscaling/meanSeconds",
        ],
    ),
    ("image: { digest: abc }", ["image.digest", "/image/digest"]),
    (
        "image: { pullPolicy: Sometimes }",
        ["image.pullPolicy", "/image/pullPolicy"],
    ),
    ("broker: { kind: kafka }", ["broker.kind", "/broker/kind"]),
    (
        "dispatcher: { replicas: 0 }",
        ["dispatcher.replicas", "/dispatcher/replicas"],
    ),
    (
        "dispatcher: { port: 80 }",
        ["dispatcher.port", "/dispatcher/port"],
    ),
    (
        "secretVariables: { AMQP_URL: plain-text-password }",
        ["secretVariables.AMQP_URL", "/secretVariables/AMQP_URL"],
    ),
    (
        "config: { recipes: { thumbs: { derivates: {} } } }",
        ["derivates", "derivates"],
    ),
    ("config: { queue: { sqs: { regoin: x } } }", ["regoin", "regoin"]),
];

/// What Helm says of these values; it must not take them.
fn refusal(major: &str, [part, other]: [&str; 2], over: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (whole, path) = (folder.path().join("whole.yaml"), folder.path().join("over.yaml"));
    fs::write(&whole, TAKEN.replacen(part, other, 1)).unwrap();
    fs::write(&path, over).unwrap();
    let rendered = template(major, &whole, &["--values", &path.to_string_lossy()]);
    assert!(!rendered.ok, "{major} takes {other} {over}");
    // Helm 4 breaks long messages.
    rendered.said.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn values_that_all_others_differ_from_are_taken() {
    if !are_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("values.yaml");
    fs::write(&path, TAKEN).unwrap();
    for major in HELMS {
        let rendered = template(major, &path, &[]);
        assert!(rendered.ok, "{}", rendered.said);
    }
}

#[test]
fn contradictions_are_refused_with_a_sentence() {
    if !are_here() {
        return;
    }
    let mut silent = Vec::new();
    for major in HELMS {
        for (change, over, sentence) in CONTRADICTIONS {
            let said = refusal(major, *change, over);
            if !said.contains(sentence) {
                silent.push(format!("{major}: {change:?} {over}: {said}"));
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
    let said = refusal("helm4", SAME, "image: { tag: latest }\nlanes: { bulk: null }");
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
            let said = refusal(major, SAME, over);
            assert!(
                said.contains("schema") && said.contains(places[index]),
                "{major}: {over}: {said}"
            );
        }
    }
}

#[test]
fn cluster_without_the_definitions_is_told_so() {
    if !are_here() {
        return;
    }
    for major in HELMS {
        for (example, group) in [
            ("rabbitmq-keda", "keda.sh/v1alpha1"),
            ("sqs-keda-irsa", "monitoring.coreos.com/v1"),
        ] {
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
            assert!(
                !refused.ok && refused.said.contains(&format!("does not know {group}")),
                "{}",
                refused.said
            );
            assert!(plain(&["--set", "skipCrdCheck=true"]).ok);
        }
        let old = template(
            major,
            &chart("ci/minimal-values.yaml"),
            &["--kube-version", "1.28.0"],
        );
        assert!(!old.ok && old.said.contains("1.29.0"), "{}", old.said);
    }
}
