//! What an operator sees when a document is wrong: snapshots, and the promise that it is all of it at once.
use minilab_recipe::{Document, Intake, Renderers, Tenants, schema};

fn env(name: &str) -> Option<String> {
    (name == "OUT").then(|| "./out".to_owned())
}

fn complaints(text: &str) -> String {
    match Document::parse("minilab.yaml", text, &env) {
        Ok(_) => "fine".to_owned(),
        Err(diagnostics) => diagnostics.render(),
    }
}

#[test]
fn all_mistakes_are_told_at_once_with_place_code_and_help() {
    insta::assert_snapshot!(complaints(
        r#"version: 2
from: { foldr: ./in }
to: { folder: "${NOWHERE}" }
queue: { kafka: {} }
retain: soon
rules:
  - { match: { prefx: tmp/ }, recipe: non }
  - { recipe: galery }
recipes:
  gallery:
    accept: { bytes: 50 MB/s, formats: [jpg, heic] }
    placeholder: [thumbhsh]
    derivatives:
      Thumb: { resize: { width: 0, fit: covr }, formats: [webp, webp] }
      photo: { resize: { widths: [320, 320], densities: 2 }, formats: [jpeg], to: private }
"#
    ));
}

#[test]
fn options_without_effect_are_mistakes() {
    insta::assert_snapshot!(complaints(
        r#"version: 1
from: { folder: ./in }
to: { folder: ./in/out }
recipes:
  r:
    key: "{dir}/{name}.{ext}"
    derivatives:
      a: { resize: { width: 100, fit: cover }, formats: [jpeg] }
      b: { resize: { width: 100, height: 50, gravity: attention }, formats: [jpeg] }
      c: { resize: { width: 100, widths: [1, 2] }, densities: [1, 2], formats: [jpeg] }
      d: { resize: { width: 9, height: 9, fit: contain, gravity: face }, formats: [jpeg], encodings: { png: {} } }
      e: { trim: true, rotate: 12, formats: [png], crop: { to: face } }
      f: { extract: { left: 60, width: 50, height: 10, unit: percent }, formats: [png] }
"#
    ));
}

#[test]
fn mistakes_in_how_a_fleet_runs_are_told_without_its_secrets() {
    let told = complaints(
        r#"version: 1
from: { s3: { bucket: acme, prefix: uploads/ } }
to: { s3: { bucket: acme, prefix: uploads/made/ } }
queue: { sqlite: jobs.db, rabbitmq: { url: "${AMQP_URL}", prefix: "a b", lease: 2h, waits: [2s, 1s] } }
serve: 8090
intake:
  - watch
  - poll
  - { poll: { every: 1d }, rabbitmq: { url: "${OUT}" } }
  - { webhook: { listen: 127.0.0.1:8090, token: "${OUT}" } }
"#,
    );
    insta::assert_snapshot!(told);
    assert!(
        !told.contains("./out"),
        "a variable's value may be a secret: {told}"
    );
}

#[test]
fn mistakes_in_topics_and_tenants_are_told() {
    insta::assert_snapshot!(complaints(
        r"version: 1
from: { s3: { bucket: a } }
to: { folder: out }
intake:
  - { webhook: { listen: 8090 } }
  - { webhook: { listen: 8091, sns: { topics: [] } } }
  - { webhook: { listen: 8092, sns: { topics: [uploads, 'arn:aws:sns:eu-central-1:123456789012:uploads.fifo'] } } }
tenants: { in_flight: 0, renderers: mine, fair: true }
"
    ));
}

#[test]
fn webhook_for_sns_alone_needs_no_token_and_tenants_change_no_digest() {
    let text = "version: 1\nfrom: { s3: { bucket: a } }\nto: { folder: out }\n";
    let topic = "arn:aws:sns:eu-central-1:123456789012:uploads";
    let intake = format!("intake: [{{ webhook: {{ listen: 8090, sns: {{ topics: ['{topic}'] }} }} }}]\n");
    let plain = Document::parse("x.yaml", &format!("{text}{intake}"), &env).unwrap();
    assert_eq!(plain.tenants, Tenants::default());
    let [Intake::Webhook(webhook)] = plain.intake.as_slice() else {
        panic!("{:?}", plain.intake);
    };
    assert_eq!(webhook.token, None);
    assert_eq!(webhook.sns.as_ref().unwrap().topics[0].as_str(), topic);
    let tenants = format!("{text}{intake}tenants: {{ in_flight: 2, renderers: own }}\n");
    let shared = Document::parse("x.yaml", &tenants, &env).unwrap();
    assert_eq!(shared.tenants.in_flight.map(u32::from), Some(2));
    assert_eq!(shared.tenants.renderers, Renderers::Own);
    assert_eq!(shared.digest(), plain.digest());
}

#[test]
fn mistakes_in_who_is_told_are_told_without_secrets() {
    let told = complaints(
        r#"version: 1
from: { folder: ./in }
to: { folder: ./out }
notify:
  a: { webhook: { url: "http://example.com/${OUT}", secret: "${OUT}" } }
  b: { webhook: { url: "https://me:pass@example.com/", secret: [] }, on: [] }
  c: { webhook: { url: "ftp://example.com/hidden", secret: hidden }, sqs: {}, on: [redy] }
  d: { rabbitmq: { exchange: "" } }
  e: { rabbitmq: { exchange: derivatives } }
  a-name-that-is-too-long-for-a-target: {}
"#,
    );
    insta::assert_snapshot!(told);
    for secret in ["./out", "pass@"] {
        let mut lines = told.lines().filter(|line| line.contains(secret));
        // The document's own lines are shown, and a variable there by its name.
        assert!(
            lines.all(|line| line.starts_with(|c: char| c.is_ascii_digit())),
            "{told}"
        );
    }
}

#[test]
fn who_is_told_changes_no_digest() {
    let text = "version: 1\nfrom: { folder: in }\nto: { folder: out }\n";
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let notify =
        format!("notify: {{ site: {{ webhook: {{ url: 'http://127.0.0.1:1/x', secret: {secret} }} }} }}\n");
    let plain = Document::parse("x.yaml", text, &env).unwrap();
    let told = Document::parse("x.yaml", &format!("{text}{notify}"), &env).unwrap();
    assert_eq!(told.notify["site"].on.len(), 4, "everything unless asked");
    assert_eq!(told.digest(), plain.digest());
    assert!(!format!("{told:?}").contains(&secret[6..]));
}

#[test]
fn intakes_that_cannot_notice_anything_are_mistakes() {
    insta::assert_snapshot!(complaints(
        "version: 1\nfrom: { s3: { bucket: a } }\nto: { folder: out }\nintake: [watch, rabbitmq, rabbitmq]\n"
    ));
    insta::assert_snapshot!(complaints(
        "version: 1\nfrom: { s3: { bucket: a } }\nto: { folder: out }\n"
    ));
}

#[test]
fn what_is_no_yaml_is_told_by_place() {
    insta::assert_snapshot!(complaints("version: 1\nfrom: { folder: ./in\nto: [\n"));
    insta::assert_snapshot!(complaints(""));
    insta::assert_snapshot!(complaints("version: 1\nversion: 1\nfrom: [x]\nto: \"x${OUT}\"\n"));
}

#[test]
fn keys_that_would_collide_are_refused() {
    insta::assert_snapshot!(complaints(
        r#"version: 1
from: { folder: ./in }
to: { folder: "${OUT}" }
recipes:
  r:
    key: "{original}/{name}.{version}.{ext}"
    derivatives:
      photo: { resize: { widths: [320, 640] }, formats: [jpeg] }
      photo-320w: { formats: [jpeg] }
"#
    ));
}

#[test]
fn all_known_keys_are_offered_whether_used_or_not() {
    let told = complaints("version: 1\nfrom: { folder: a }\nto: { folder: b }\nreceipes: {}\n");
    assert!(
        told.contains("did you mean \"recipes\"?") && told.contains("rules"),
        "{told}"
    );
}

#[test]
fn diagnostics_are_also_a_list_for_machines() {
    let error = Document::parse(
        "x.yaml",
        "version: 1\nfrom: { folder: a }\nto: { fodler: b }\n",
        &|_| None,
    );
    insta::assert_json_snapshot!(error.unwrap_err().to_json());
}

#[test]
fn schema_is_stable() {
    insta::assert_json_snapshot!(schema());
}
