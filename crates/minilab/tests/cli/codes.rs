//! Exit codes, each with what is printed beside it.
use std::os::unix::fs::PermissionsExt as _;

use crate::world::World;

const DOCUMENT: &str = "version: 1\nfrom: { folder: in }\nto: { folder: out }\n";

#[test]
fn help_and_version_are_no_errors() {
    let world = World::new();
    let help = world.run(["--help"]);
    assert_eq!(help.code, 0);
    assert!(
        help.out.contains("Exit codes:") && help.out.contains("78  invalid configuration"),
        "{}",
        help.out
    );
    assert_eq!(world.run(["--version"]).code, 0);
}

#[test]
fn wrong_usage_is_2() {
    let world = World::new();
    for args in [["standalone", "only-one"], ["frobnicate", "x"], ["manifest", "x"]] {
        let ran = world.run(args);
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
    }
    assert_eq!(
        world.run(["standalone", "a", "b", "--log-level", "a=b=c"]).code,
        2
    );
}

#[test]
fn originals_of_one_name_are_refused_before_anything_is_made() {
    let world = World::new();
    world.write(
        "r.yaml",
        "recipes: { r: { derivatives: { a: { formats: [webp] } } } }\n",
    );
    let twice = world.run(["render", "r.yaml", "a/x.jpg", "b/x.jpg", "--out", "out"]);
    assert_eq!(twice.code, 2, "{}", twice.err);
    assert!(
        twice.err.contains("b/x.jpg has the name of another file given"),
        "{}",
        twice.err
    );
}

#[test]
fn what_is_not_there_is_4_and_says_what_to_do() {
    let world = World::new();
    let config = world.run(["check", "minilab.yaml"]);
    assert_eq!(config.code, 4, "{}", config.err);
    let report = world.run(["report", "out"]);
    assert_eq!(report.code, 4);
    assert!(
        report
            .err
            .contains("fix: run `minilab standalone PHOTOS_DIR out` first"),
        "{}",
        report.err
    );
    let renderer = world.run(["version", "--renderer", "nowhere"]);
    assert_eq!(renderer.code, 4);
    assert!(
        renderer.err.contains("the renderer nowhere is not there"),
        "{}",
        renderer.err
    );
}

#[test]
fn invalid_configuration_is_78() {
    let world = World::new();
    world.write("bad.yaml", "version: 1\nfrom: { foldr: in }\n");
    assert_eq!(world.run(["check", "bad.yaml"]).code, 78);
    assert_eq!(world.run(["standalone", "--config", "bad.yaml"]).code, 78);
    world.write("inside.yaml", DOCUMENT.replace("out", "in/out"));
    assert_eq!(world.run(["check", "inside.yaml"]).code, 78);
    world.write("in/renderer", "");
    let args = [
        "standalone",
        "in",
        "in/out",
        "--renderer",
        "in/renderer",
        "--listen",
        "127.0.0.1:0",
    ];
    let inside = world.run(args);
    assert_eq!(inside.code, 78, "{}", inside.err);
    assert!(
        inside.err.contains("taken for new originals") && inside.err.contains("fix: "),
        "{}",
        inside.err
    );
    world.write(
        "s3.yaml",
        DOCUMENT.replace("{ folder: out }", "{ s3: { bucket: b } }"),
    );
    let s3 = world.run(["check", "s3.yaml"]);
    assert_eq!(s3.code, 78);
    assert!(s3.err.contains("`queue` is missing"), "{}", s3.err);
}

#[test]
fn refused_access_is_6() {
    let world = World::new();
    world.write("secret.yaml", DOCUMENT);
    let path = world.path("secret.yaml");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&path).is_ok() {
        eprintln!("skipped: this user (root) may read everything");
        return;
    }
    assert_eq!(world.run(["check", "secret.yaml"]).code, 6);
}

#[test]
fn errors_are_values_too() {
    let world = World::new();
    world.write("bad.yaml", "version: 1\nfrom: { foldr: in }\n");
    let ran = world.run(["--json", "check", "bad.yaml"]);
    let value: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(value["exit"], 78);
    let codes: Vec<_> = value["problems"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["code"].as_str().unwrap())
        .collect();
    assert!(codes.contains(&"minilab::config::unknown_key"), "{codes:?}");
}

#[test]
fn schemas_are_json() {
    let world = World::new();
    for of in ["config", "manifest"] {
        let schema: serde_json::Value = serde_json::from_str(&world.run(["schema", of]).out).unwrap();
        assert!(schema["$schema"].as_str().unwrap().contains("draft-07"), "{of}");
    }
}
