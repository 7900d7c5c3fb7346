//! Configurations and options in what is rendered are ones that the program takes, also after Helm has written them anew.
use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use super::{
    properties::each_pod,
    rendered::{containers, objects, values},
    tools::{HELMS, are_here, run},
};

/// The program, which lies where the tests are built.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.ancestors().nth(2).unwrap().join("minilab");
    assert!(
        path.is_file(),
        "{} is not built: run `make build`",
        path.display()
    );
    path
}

#[test]
fn every_configuration_of_the_examples_passes_check() {
    if !are_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut checked = 0;
    for major in HELMS {
        for values in values() {
            let objects = objects(major, &values, &[]);
            let texts = objects
                .iter()
                .filter_map(|object| object["data"]["minilab.yaml"].as_str());
            for text in texts {
                let path = folder.path().join("minilab.yaml");
                fs::write(&path, text).unwrap();
                let answer = run(Command::new(program())
                    .arg("check")
                    .arg(&path)
                    .env("AMQP_URL", "amqps://user:password@rabbitmq/")
                    .env("WEBHOOK_TOKEN", "0123456789abcdef0123456789abcdef"));
                assert!(answer.ok, "{}: {}", values.display(), answer.said);
                checked += 1;
            }
        }
    }
    // Of each there are two: the one in force, and the copy that the hook puts into force.
    assert!(checked >= 2 * 2 * 8, "only {checked} were there");
}

#[test]
fn the_hook_activates_exactly_what_the_pods_follow() {
    if !are_here() {
        return;
    }
    for values in values() {
        let objects = objects(HELMS[1], &values, &[]);
        let texts: Vec<_> = objects
            .iter()
            .filter_map(|object| object["data"]["minilab.yaml"].as_str())
            .collect();
        assert!(
            texts.windows(2).all(|pair| pair[0] == pair[1]),
            "{}",
            values.display()
        );
    }
}

#[test]
fn arguments_are_ones_that_the_program_knows() {
    if !are_here() {
        return;
    }
    let program = program();
    let mut helps = BTreeMap::new();
    each_pod(|at, pod| {
        for container in containers(pod) {
            let arguments: Vec<_> = container["args"]
                .as_array()
                .unwrap()
                .iter()
                .map(|a| a.as_str().unwrap())
                .collect();
            let command: Vec<_> = arguments
                .iter()
                .copied()
                .take_while(|a| !a.starts_with("--"))
                .collect();
            let help = helps
                .entry(command.join(" "))
                .or_insert_with(|| run(Command::new(&program).args(&command).arg("--help")).said);
            for option in arguments.iter().filter(|a| a.starts_with("--")) {
                let option = option.split('=').next().unwrap();
                assert!(
                    help.contains(option),
                    "{at}: minilab {} knows no {option}",
                    command.join(" ")
                );
            }
        }
    });
}
