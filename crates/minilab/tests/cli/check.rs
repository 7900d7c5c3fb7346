//! `minilab check` shows everything that is wrong at once.
use crate::world::World;

const BROKEN: &str = "\
version: 1
from: { folder: ./photos }
to: { folder: ./public }
retian: 7d
recipes:
  gallery:
    derivatives:
      photo: { resize: { widths: [640, 320x] }, formats: [webq, jpeg] }
rules:
  - { recipe: galery }
";

#[test]
fn all_errors_are_shown_at_once_each_with_its_place_code_and_way_out() {
    let world = World::new();
    world.write("minilab.yaml", BROKEN);
    let ran = world.run(["check", "minilab.yaml"]);
    assert_eq!((ran.code, ran.out.as_str()), (78, ""));
    insta::assert_snapshot!(ran.err);
}

#[test]
fn default_recipe_is_printed_and_is_valid() {
    let world = World::new();
    let printed = world.run(["check", "--print-default"]);
    assert_eq!(printed.code, 0);
    world.write(
        "minilab.yaml",
        format!(
            "version: 1\nfrom: {{ folder: in }}\nto: {{ folder: out }}\n{}",
            printed.out
        ),
    );
    let ran = world.run(["check", "minilab.yaml"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(
        ran.out
            .contains("valid: 1 rule, default (20 files: photo, thumb)"),
        "{}",
        ran.out
    );
}

#[test]
fn example_of_a_fleet_is_valid() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/fleet.yaml");
    let ran = World::new()
        .command(["check", example])
        .env("AMQP_URL", "amqp://guest:hunter2@localhost")
        .env("WEBHOOK_TOKEN", "0123456789abcdef")
        .output()
        .unwrap();
    let told = String::from_utf8([ran.stdout, ran.stderr].concat()).unwrap();
    assert!(
        ran.status.success() && told.contains("valid: 2 rules, gallery"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn example_of_a_fleet_on_aws_is_valid() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/aws.yaml");
    let ran = World::new().run(["check", example]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert!(ran.out.contains("valid: 3 rules, gallery"), "{}", ran.out);
}
