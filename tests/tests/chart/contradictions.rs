//! Values that nobody can mean, as tables: what is changed, and what the chart says of it.

/// Values that are taken.
pub const TAKEN: &str = "\
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
pub const CONTRADICTIONS: &[([&str; 2], &str, &str)] = &[
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
        SAME,
        "tests: { canary: { enabled: true } }",
        "tests.canary.enabled is set and tests.canary.key is not",
    ),
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
pub const SAME: [&str; 2] = ["", ""];

/// The same, of what the schema refuses: where both Helms say that it is, each in its own spelling.
pub const WRONG: &[(&str, [&str; 2])] = &[
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
