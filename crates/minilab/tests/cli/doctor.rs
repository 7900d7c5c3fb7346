//! `minilab doctor` on one machine.
use serde_json::Value;

use crate::world::{Ran, World};

const ONE_MACHINE: &str = "version: 1\nfrom: { folder: in }\nto: { folder: out }\n";

fn checks(ran: &Ran) -> Vec<(String, String)> {
    let lines = ran
        .out
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    lines
        .map(|line| (word(&line["check"]), word(&line["verdict"])))
        .collect()
}

#[test]
fn one_machine_is_found_well_and_nothing_stays_behind() {
    let world = World::new();
    world.write("minilab.yaml", ONE_MACHINE);
    world.write("in/a.jpg", "some bytes");
    for _ in 0..2 {
        let ran = world.run(["--json", "doctor", "--config", "minilab.yaml"]);
        assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
        let expected = [
            ("clock", "ok"),
            ("credentials", "ok"),
            ("originals", "ok"),
            ("files", "ok"),
            ("state", "ok"),
            ("configuration", "ok"),
            ("queue", "ok"),
            ("notifications", "skipped"),
            ("round trip", "ok"),
            ("renderer", "ok"),
            ("dead letters", "ok"),
        ];
        let expected = expected.map(|(check, verdict)| (check.to_owned(), verdict.to_owned()));
        assert_eq!(checks(&ran), expected, "{}", ran.out);
    }
    let left: Vec<_> = std::fs::read_dir(world.path("out"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, [".minilab"], "only records and the queue");
}

#[test]
fn what_is_wrong_is_told_with_its_fix_and_everything_else_is_asked_all_the_same() {
    let world = World::new();
    world.write("minilab.yaml", ONE_MACHINE);
    let ran = world.run(["doctor", "--config", "minilab.yaml", "--renderer", "nowhere"]);
    assert_eq!(ran.code, 3, "{}{}", ran.out, ran.err);
    for (check, fix) in [
        ("originals", "create it: mkdir -p in"),
        (
            "renderer",
            "name a minilab-renderer of this version by --renderer",
        ),
    ] {
        assert!(
            ran.out.contains(&format!("{check}, to fix it: {fix}")),
            "{}",
            ran.out
        );
    }
    let failed = ran.out.lines().filter(|line| line.contains(" fail ")).count();
    assert_eq!(failed, 2, "{}", ran.out);
}
