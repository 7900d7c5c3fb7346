//! Nothing that the program says holds a secret: each secret of a configuration is a canary, and every command is asked.
use crate::world::{Ran, World};

/// Secrets by the variable that holds them. None is a part of another, nor of a word that a message has.
const CANARIES: [(&str, &str); 9] = [
    (
        "AMQP_URL",
        "amqp://canary-user:canary-amqp-7f3a@127.0.0.1:1/vhost",
    ),
    ("EVENTS_URL", "amqp://canary-user:canary-events-91bc@127.0.0.1:1/"),
    ("WEBHOOK_TOKEN", "canary-token-0123456789"),
    (
        "NOTIFY_URL",
        "https://127.0.0.1:1/canary-path-44d1?key=canary-query-0aa2",
    ),
    ("NOTIFY_SECRET", "whsec_Y2FuYXJ5LXNlY3JldC1jYW5hcnktc2VjcmV0"),
    ("AWS_ACCESS_KEY_ID", "CANARYACCESSKEY00001"),
    ("AWS_SECRET_ACCESS_KEY", "canary-secret-key-5d0e"),
    ("AWS_SESSION_TOKEN", "canary-session-e81f"),
    ("OLD_SECRET", "whsec_b2xkLWNhbmFyeS1zZWNyZXQtb2xkLWNhbmFyeSE="),
];
/// What must not be said: a password is one also without the address around it.
const SILENT: [&str; 9] = [
    "canary-amqp-7f3a",
    "canary-events-91bc",
    "canary-token-0123456789",
    "canary-path-44d1",
    "canary-query-0aa2",
    "Y2FuYXJ5LXNlY3JldC1jYW5hcnktc2VjcmV0",
    "canary-secret-key-5d0e",
    "canary-session-e81f",
    "b2xkLWNhbmFyeS1zZWNyZXQtb2xkLWNhbmFyeSE=",
];

const FOLDERS: &str = "version: 1\nfrom: { folder: in }\nto: { folder: out }\n";
const BUCKETS: &str = "version: 1
from: { s3: { bucket: a, region: eu-central-1, endpoint: \"http://127.0.0.1:1\" } }
to: { s3: { bucket: b, region: eu-central-1, endpoint: \"http://127.0.0.1:1\" } }
";
const REST: &str = "queue: { rabbitmq: { url: \"${AMQP_URL}\" } }
notify:
  site: { webhook: { url: \"${NOTIFY_URL}\", secret: [\"${NOTIFY_SECRET}\", \"${OLD_SECRET}\"] } }
  bus: { rabbitmq: { url: \"${EVENTS_URL}\", exchange: e } }
recipes: { r: { derivatives: { thumb: { resize: { width: 32 }, formats: [webp], lane: fast } } } }
rules: [{ recipe: r }]
";
const INTAKE: &str = "intake: [{ webhook: { listen: \"127.0.0.1:0\", token: \"${WEBHOOK_TOKEN}\" } }, { rabbitmq: { url: \"${EVENTS_URL}\" } }]\n";

/// With the program's word for whoever looks.
fn silent(what: &str, ran: &Ran) {
    for said in [&ran.out, &ran.err] {
        for canary in SILENT {
            assert!(!said.contains(canary), "{what} says {canary}:\n{said}");
        }
    }
}

#[test]
fn no_command_says_a_secret_at_any_level() {
    let world = World::new();
    world.write("in/a.jpg", "no picture");
    world.write("out/x", "");
    world.write("folders.yaml", format!("{FOLDERS}{REST}"));
    world.write("buckets.yaml", format!("{BUCKETS}{REST}{INTAKE}"));
    let commands: [&'static [&str]; 12] = [
        &["check"],
        &["explain", "in/a.jpg", "--config"],
        &["config", "show", "--config"],
        &["config", "activate", "--config"],
        &["topology", "check", "--config"],
        &["doctor", "--config"],
        &["dead", "ls", "--config"],
        &["notify", "replay", "--target", "site", "--config"],
        &["iam-policy", "--role", "worker", "--config"],
        &["reconcile", "--config"],
        &[
            "dispatcher",
            "--listen",
            "127.0.0.1:0",
            "--start-timeout",
            "1s",
            "--config",
        ],
        &[
            "worker",
            "--listen",
            "127.0.0.1:0",
            "--start-timeout",
            "1s",
            "--config",
        ],
    ];
    let forms: [&'static [&str]; 2] = [
        &["--log-level", "trace"],
        &["--json", "--log-format", "json", "--log-level", "debug"],
    ];
    let mut said = 0;
    for command in commands {
        // They mostly wait for what is not there.
        std::thread::scope(|scope| {
            let asked = |config: &'static str, form: &'static [&str]| {
                let args: Vec<&str> = [command, &[config], form].concat();
                let world = &world;
                scope.spawn(move || (args.join(" "), asked(world, &args)))
            };
            let running =
                forms.map(|form| ["folders.yaml", "buckets.yaml"].map(|config| asked(config, form)));
            for ran in running.into_iter().flatten() {
                let (what, ran) = ran.join().unwrap();
                said += ran.out.len() + ran.err.len();
                assert!(!ran.err.contains("Usage:"), "{what}: {}", ran.err);
                silent(&what, &ran);
            }
        });
    }
    assert!(
        said > 10_000,
        "only {said} bytes were said: the commands are not asked"
    );
}

fn asked(world: &World, args: &[&str]) -> Ran {
    let mut command = world.command([]);
    command.args(args);
    for (name, value) in CANARIES {
        command.env(name, value);
    }
    let output = command.env("AWS_MAX_ATTEMPTS", "1").output().unwrap();
    Ran {
        code: output.status.code().expect("it ended by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

#[test]
fn what_is_wrong_with_a_document_is_told_without_the_secrets_beside_it() {
    let world = World::new();
    let wrong = [
        // Beside a mistake, in one line, written out.
        "queue: { rabbitmq: { url: \"amqp://u:canary-amqp-7f3a@h/\", lease: never } }\n",
        // Wrong itself.
        "queue: { rabbitmq: { url: \"http://u:canary-amqp-7f3a@h/\" } }\n",
        "intake: [{ webhook: { listen: nowhere, token: canary-token-0123456789 } }]\n",
        "intake: [{ webhook: { listen: \"127.0.0.1:1\", token: canary-1 } }]\n",
        "notify: { s: { webhook: { url: \"ftp://canary-path-44d1\", secret: canary-secret } } }\n",
        // A variable where it does not belong.
        "retain: \"${WEBHOOK_TOKEN}\"\n",
        "on_delete: \"${AWS_SECRET_ACCESS_KEY}\"\n",
        "serve: \"${NOTIFY_URL}\"\n",
        "queue: \"${AMQP_URL}\"\n",
        "queue: { rabbitmq: { url: \"${AMQP_URL}\", prefix: \"${AMQP_URL}\", declare: \"${AMQP_URL}\" } }\n",
        // No YAML.
        "queue: { rabbitmq: { url: \"amqp://u:canary-amqp-7f3a@h/\" }\nmore: [\n",
        "intake: [{ webhook: { token: canary-token-0123456789 ] }]\n",
    ];
    for (nth, wrong) in wrong.iter().enumerate() {
        world.write("c.yaml", format!("{FOLDERS}{wrong}"));
        for form in [
            &["check", "c.yaml"][..],
            &["check", "c.yaml", "--json"],
            &["dispatcher", "--config", "c.yaml"],
        ] {
            let ran = asked(&world, form);
            assert_eq!(ran.code, 78, "{nth}: {}", ran.err);
            silent(wrong, &ran);
            // Whatever it was, whole or not.
            assert!(
                !format!("{}{}", ran.out, ran.err).contains("canary-"),
                "{wrong}: {}{}",
                ran.out,
                ran.err
            );
        }
    }
}

#[test]
fn help_shows_nothing_of_the_environment() {
    let world = World::new();
    for command in [
        "config",
        "notify",
        "worker",
        "dispatcher",
        "standalone",
        "doctor",
        "check",
    ] {
        let ran = asked(&world, &[command, "--help"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        assert!(!ran.out.is_empty());
        silent(command, &ran);
    }
}
