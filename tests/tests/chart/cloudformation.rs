//! The stack for AWS is one that CloudFormation takes; its queues and rights are those that the program itself makes and prints.
use std::{fs, process::Command};

use serde_json::{Value, json};

use super::tools::{are_here, checker, python, root, run};

const CONFIGURATION: &str = "version: 1
from: { s3: { bucket: originals } }
to: { s3: { bucket: files } }
state: { s3: { bucket: state } }
queue: { sqs: { region: eu-central-1, prefix: fleet } }
intake: [sqs]
rules: [{ recipe: thumbs }]
recipes: { thumbs: { derivatives: { thumb: { resize: { width: 320 }, formats: [webp] } } } }
";

fn stack() -> Value {
    let read = run(python()
        .arg(root().join("tests/tests/chart/stack.py"))
        .arg(root().join("docs/aws/minilab.yaml")));
    assert!(read.ok, "{}", read.said);
    serde_json::from_str(&read.stdout).unwrap()
}

#[test]
fn stack_lints() {
    if !are_here() {
        return;
    }
    let template = root().join("docs/aws/minilab.yaml");
    let linted = run(checker("cfn-lint").arg("--template").arg(&template));
    assert!(linted.ok, "{}", linted.said);
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.yaml");
    let text = fs::read_to_string(template).unwrap();
    fs::write(&broken, text.replace("VisibilityTimeout", "VisibilityTimeuot")).unwrap();
    assert!(
        !run(checker("cfn-lint").arg("--template").arg(broken)).ok,
        "a misspelt property is not seen"
    );
}

#[test]
fn roles_of_the_stack_may_do_what_the_program_prints_and_no_more() {
    if !are_here() {
        return;
    }
    let test = std::env::current_exe().unwrap();
    let program = test.ancestors().nth(2).unwrap().join("minilab");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("minilab.yaml");
    fs::write(&path, CONFIGURATION).unwrap();
    let stack = stack();
    for role in ["dispatcher", "worker", "operator"] {
        let printed = run(Command::new(&program)
            .args([
                "iam-policy",
                "--account",
                "123456789012",
                "--role",
                role,
                "--config",
            ])
            .arg(&path));
        assert!(printed.ok, "{}", printed.said);
        let printed: Value = serde_json::from_str(&printed.stdout).unwrap();
        assert!(
            stack["roles"][role] == printed["Statement"],
            "docs/aws/minilab.yaml: {role} differs from `minilab iam-policy`"
        );
    }
}

#[test]
fn queues_of_the_stack_are_set_as_the_program_sets_them() {
    if !are_here() {
        return;
    }
    let stack = stack();
    let queues = stack["queues"].as_object().unwrap();
    assert_eq!(queues.len(), 7, "{queues:?}");
    for (name, attributes) in queues {
        // Of crates/queue/src/sqs/wishes.rs, at its default lease.
        for (attribute, value) in [
            ("VisibilityTimeout", 60),
            ("MessageRetentionPeriod", 14 * 24 * 3600),
            ("ReceiveMessageWaitTimeSeconds", 20),
            ("MaximumMessageSize", 256 * 1024),
        ] {
            assert_eq!(attributes[attribute], json!(value), "{name}: {attribute}");
        }
        let gives_up = &attributes["RedrivePolicy"]["maxReceiveCount"];
        assert_eq!(gives_up.is_null(), name == "fleet-dead", "{name}");
    }
}
