//! What a document means once it is read.
use std::path::PathBuf;
use std::time::Duration;

use minilab_recipe::{
    DEFAULT_RECIPE, Decision, Declare, Document, Encoding, EventQueue, Intake, Lane, Location, OnDelete,
    QueueConfig, RabbitMq, Replace, Secret, Urls,
};

const HEAD: &str = "version: 1\nfrom: { folder: ./in }\nto: { folder: ./out }\n";

fn parse(rest: &str) -> Document {
    let text = format!("{HEAD}{rest}");
    Document::parse("minilab.yaml", &text, &|name| {
        (name == "DB").then(|| "./jobs.db".to_owned())
    })
    .unwrap_or_else(|diagnostics| panic!("{}", diagnostics.render()))
}

fn recipe_of(document: &Document, key: &str) -> Option<(String, Option<String>)> {
    match document.decide(key) {
        Decision::Recipe { recipe, tenant } => Some((recipe.name.clone(), tenant)),
        Decision::Nothing => None,
    }
}

#[test]
fn three_lines_are_the_default_document() {
    let written = parse("");
    assert_eq!(written, Document::default_for_folders("./in", "./out"));
    assert_eq!(written, parse(DEFAULT_RECIPE));
    assert_eq!(recipe_of(&written, "any/key"), Some(("default".to_owned(), None)));
    let recipe = &written.recipes["default"];
    assert_eq!(recipe.lanes(), Lane::ALL);
    assert_eq!(recipe.urls, Urls::Both);
    assert_eq!(recipe.reads(), ["focal", "minilab-crop-thumb"]);
    assert_eq!(recipe.rungs().len(), 2 + 6 * 3);
}

#[test]
fn first_matching_rule_wins() {
    let document = parse(
        r#"
rules:
  - { match: { prefix: "tmp/" }, recipe: none }
  - { match: { prefix: "avatars/", suffix: ".png" }, recipe: a, tenant: "{segment:2}" }
  - { match: { glob: "raw/*.jpg" }, recipe: b, tenant: acme }
recipes:
  a: { derivatives: { one: { formats: jpeg } } }
  b: { derivatives: { one: { formats: webp } } }
"#,
    );
    assert_eq!(recipe_of(&document, "tmp/x.jpg"), None);
    assert_eq!(
        recipe_of(&document, "avatars/bob/x.png"),
        Some(("a".into(), Some("bob".into())))
    );
    assert_eq!(recipe_of(&document, "avatars/bob/x.jpg"), None);
    assert_eq!(
        recipe_of(&document, "raw/x.jpg"),
        Some(("b".into(), Some("acme".into())))
    );
    assert_eq!(recipe_of(&document, "raw/deep/x.jpg"), None);
}

#[test]
fn values_come_from_the_environment_as_whole_scalars() {
    let document = parse("queue: { sqlite: \"${DB}\" }\n");
    assert_eq!(
        document.queue,
        Some(QueueConfig::Sqlite(PathBuf::from("./jobs.db")))
    );
}

#[test]
fn a_fleet_says_where_jobs_wait_and_how_uploads_are_noticed() {
    let document = parse(
        r#"
queue: { rabbitmq: { url: "amqps://me:pass@broker/lab", prefix: lab-1, declare: passive, lease: 20s, waits: [1s, 1min] } }
intake:
  - watch
  - { rabbitmq: { prefix: events } }
  - { webhook: { listen: "0.0.0.0:8090", token: 0123456789abcdef } }
  - { poll: { every: 2min } }
"#,
    );
    let broker = RabbitMq {
        url: Secret::new("amqps://me:pass@broker/lab"),
        prefix: "lab-1".to_owned(),
        declare: Declare::Passive,
        lease: Duration::from_secs(20),
        waits: vec![Duration::from_secs(1), Duration::from_mins(1)],
    };
    assert_eq!(document.queue, Some(QueueConfig::RabbitMq(broker)));
    let [watch, events, webhook, poll] = &document.intake[..] else {
        panic!("{:?}", document.intake)
    };
    assert_eq!(*watch, Intake::Watch);
    let prefix = Some("events".to_owned());
    assert_eq!(*events, Intake::RabbitMq(EventQueue { url: None, prefix }));
    assert!(matches!(webhook, Intake::Webhook(hook) if hook.listen.port() == 8090));
    let every = Duration::from_mins(2);
    assert_eq!(*poll, Intake::Poll { every });
    assert_eq!(
        document.digest(),
        parse("").digest(),
        "none of it affects what is made"
    );
    let dumped = format!("{document:?}");
    assert!(
        !dumped.contains("pass") && !dumped.contains("0123456789abcdef"),
        "{dumped}"
    );
}

#[test]
fn keys_where_records_are_get_nothing() {
    let document = parse("");
    assert_eq!(recipe_of(&document, "_minilab/state/records/a.jpg"), None);
    assert!(recipe_of(&document, "_minilab.jpg").is_some());
}

#[test]
fn aliases_repeat_what_they_name() {
    let document = parse(
        "recipes: { r: { derivatives: { a: &same { formats: [jpeg], resize: { width: 9 } }, b: *same } } }\n",
    );
    let names: Vec<_> = document.recipes["r"]
        .derivatives()
        .iter()
        .map(|d| d.name.as_str())
        .collect();
    assert_eq!(names, ["a", "b"]);
}

#[test]
fn everything_that_is_said_is_read() {
    let document = parse(
        r##"
state: { s3: { bucket: b, prefix: p/ } }
stores: { brand: { folder: ./brand } }
retain: 2w
on_delete: keep
serve: 8080
recipes:
  r:
    accept: { bytes: 20MB, pixels: 40M, frames: 3, formats: [png, jpeg] }
    replace: progressive
    epoch: 7
    derivatives: { a: { formats: [png], keep: [icc, gps], background: "#abc" } }
"##,
    );
    let recipe = &document.recipes["r"];
    assert_eq!(recipe.accept.bytes, 20_000_000);
    assert_eq!(
        (recipe.accept.pixels, recipe.accept.whole_image_pixels),
        (40_000_000, 20_000_000)
    );
    assert_eq!((recipe.replace, recipe.epoch), (Replace::Progressive, 7));
    let derivative = recipe.derivative("a").unwrap();
    assert_eq!(derivative.background.0, [0xaa, 0xbb, 0xcc]);
    assert!(derivative.keep.icc && derivative.keep.gps && !derivative.keep.exif);
    assert_eq!(document.retain, Duration::from_hours(14 * 24));
    assert_eq!(document.on_delete, OnDelete::Keep);
    assert_eq!(document.serve.unwrap().to_string(), "127.0.0.1:8080");
    assert!(matches!(document.state, Some(Location::S3(_))));
    assert!(document.stores.contains_key("brand"));
}

#[test]
fn lanes_come_from_the_derivative_then_the_encoding() {
    let document = parse(
        r"
encodings: { webp: { quality: 60, lane: fast } }
recipes:
  r:
    derivatives:
      a: { formats: [avif, webp, jpeg] }
      b: { formats: [avif, webp], lane: standard }
      c: { formats: [avif, webp], lane: standard, encodings: { avif: { lane: fast, effort: 1 } } }
",
    );
    let lanes = |name: &str| -> Vec<Lane> {
        document.recipes["r"]
            .derivative(name)
            .unwrap()
            .encodings
            .iter()
            .map(|e| e.lane)
            .collect()
    };
    assert_eq!(lanes("a"), [Lane::Bulk, Lane::Fast, Lane::Standard]);
    assert_eq!(lanes("b"), [Lane::Standard, Lane::Standard]);
    assert_eq!(lanes("c"), [Lane::Fast, Lane::Standard]);
    let c = document.recipes["r"].derivative("c").unwrap();
    assert!(matches!(
        c.encodings[0].encoding,
        Encoding::Avif {
            effort: 1,
            quality: 57,
            ..
        }
    ));
    assert!(matches!(
        c.encodings[1].encoding,
        Encoding::Webp { quality: 60, .. }
    ));
}

#[test]
fn digest_follows_what_affects_outputs_and_nothing_else() {
    let base = parse(DEFAULT_RECIPE);
    assert_eq!(
        base.digest(),
        parse(&format!("queue: {{ sqlite: x }}\nretain: 3d\n{DEFAULT_RECIPE}")).digest()
    );
    let other = DEFAULT_RECIPE.replace("2560", "2048");
    assert_ne!(base.digest(), parse(&other).digest());
}

#[test]
fn a_lane_digest_follows_its_own_lane() {
    let (one, other) = (
        parse(DEFAULT_RECIPE),
        parse(&DEFAULT_RECIPE.replace("2560", "2048")),
    );
    let (one, other) = (&one.recipes["default"], &other.recipes["default"]);
    assert_eq!(one.lane_digest(Lane::Fast), other.lane_digest(Lane::Fast));
    assert_ne!(one.lane_digest(Lane::Standard), other.lane_digest(Lane::Standard));
    assert_ne!(one.lane_digest(Lane::Bulk), other.lane_digest(Lane::Bulk));
}

#[test]
fn recipes_alone_are_a_document_in_block_and_in_flow_style() {
    for text in [
        "recipes:\n  one:\n    derivatives:\n      thumb: { resize: { width: 64 }, formats: [webp] }\n",
        r#"{"recipes": {"one": {"derivatives": {"thumb": {"resize": {"width": 64}, "formats": ["webp"]}}}}}"#,
    ] {
        let document = Document::parse_recipes("r.yaml", text, &|_| None).unwrap();
        assert!(document.recipe("one").is_some());
        assert!(Document::parse("r.yaml", text, &|_| None).is_err(), "{text}");
    }
}
