//! Policies of whole configurations.
use std::path::PathBuf;

use serde_json::{Value, json};

use super::*;
use crate::config::Config;

const FLEET: &str = "\
version: 1
from: { s3: { bucket: acme-uploads, prefix: uploads/, region: eu-central-1 } }
to: { s3: { bucket: acme-media, region: eu-central-1, kms_key: alias/media } }
state: { s3: { bucket: acme-private, region: eu-central-1, kms_key: 1234abcd-12ab-34cd-56ef-1234567890ab } }
queue: { sqs: { region: eu-central-1, prefix: acme } }
intake: [sqs]
";
const ROLES: [Role; 3] = [Role::Dispatcher, Role::Worker, Role::Operator];
/// Of a managed policy, without white space.
const CHARACTERS_MAX: usize = 6_144;

fn policy(role: Role, text: &str, account: Option<&str>) -> Result<Value, Refusal> {
    let config = Config {
        document: Document::parse("minilab.yaml", text, &|_| None).unwrap(),
        folder: PathBuf::new(),
    };
    let places = Places::of(&config).unwrap();
    of(role, &config.document, &places, account).map(|policy| serde_json::to_value(policy).unwrap())
}

fn statement(policy: &Value, sid: &str) -> Value {
    let statements = policy["Statement"].as_array().unwrap();
    let found = statements.iter().find(|statement| statement["Sid"] == sid);
    found.unwrap_or_else(|| panic!("no {sid} in {policy:#}")).clone()
}

fn sids(policy: &Value) -> Vec<&str> {
    let statements = policy["Statement"].as_array().unwrap();
    statements
        .iter()
        .filter_map(|statement| statement["Sid"].as_str())
        .collect()
}

#[test]
fn worker_may_list_and_read_originals_and_nothing_else_there() {
    let policy = policy(Role::Worker, FLEET, None).unwrap();
    assert_eq!(policy["Version"], "2012-10-17");
    assert_eq!(
        statement(&policy, "FromList"),
        json!({
            "Sid": "FromList",
            "Effect": "Allow",
            "Action": ["s3:ListBucket"],
            "Resource": ["arn:aws:s3:::acme-uploads"],
            "Condition": { "StringLikeIfExists": { "s3:prefix": "uploads/*" } },
        })
    );
    assert_eq!(
        statement(&policy, "FromRead")["Resource"],
        json!(["arn:aws:s3:::acme-uploads/uploads/*"])
    );
    let others = sids(&policy)
        .into_iter()
        .filter(|sid| sid.starts_with("From"))
        .count();
    assert_eq!(others, 2, "{policy:#}");
}

#[test]
fn only_the_operator_sets_up_notifications_queues_and_configurations() {
    let setting_up = [
        "s3:PutBucketNotification",
        "sqs:CreateQueue",
        "sqs:SetQueueAttributes",
    ];
    for role in ROLES {
        let policy = policy(role, FLEET, None).unwrap();
        let text = policy.to_string();
        for action in setting_up {
            assert_eq!(text.contains(action), role == Role::Operator, "{role:?} {action}");
        }
        let writes = statement(&policy, "StateWrite")["Resource"].to_string();
        assert_eq!(
            writes.contains("config/revision"),
            role == Role::Operator,
            "{role:?}"
        );
    }
}

#[test]
fn queues_are_named_by_prefix_region_and_account() {
    let named = |account| {
        let policy = policy(Role::Dispatcher, FLEET, account).unwrap();
        statement(&policy, "JobsSend")["Resource"][0].clone()
    };
    assert_eq!(named(None), "arn:aws:sqs:eu-central-1:*:acme-jobs-fast");
    assert_eq!(
        named(Some("123456789012")),
        "arn:aws:sqs:eu-central-1:123456789012:acme-jobs-fast"
    );
}

#[test]
fn a_queue_of_events_is_found_by_its_name_or_its_address() {
    let named = |intake: &str| {
        let text = FLEET.replace("intake: [sqs]", intake);
        let policy = policy(Role::Dispatcher, &text, None).unwrap();
        statement(&policy, "EventsTake")["Resource"][0].clone()
    };
    assert_eq!(named("intake: [sqs]"), "arn:aws:sqs:eu-central-1:*:acme-events");
    assert_eq!(
        named("intake: [{ sqs: { queue: uploads, region: us-east-1 } }]"),
        "arn:aws:sqs:us-east-1:*:uploads"
    );
    assert_eq!(
        named(
            "intake: [{ sqs: { queue: \"https://sqs.cn-north-1.amazonaws.com.cn/123456789012/uploads\" } }]"
        ),
        "arn:aws-cn:sqs:cn-north-1:123456789012:uploads"
    );
}

#[test]
fn a_queue_of_events_elsewhere_gives_up_into_one_that_is_named_or_told_of() {
    let address = "\"https://sqs.eu-west-1.amazonaws.com/123456789012/uploads\"";
    let dead = |text: &str| {
        let config = Config {
            document: Document::parse("minilab.yaml", text, &|_| None).unwrap(),
            folder: PathBuf::new(),
        };
        let places = Places::of(&config).unwrap();
        let unsaid = unsaid(Role::Dispatcher, &config.document, &places);
        let policy =
            serde_json::to_value(of(Role::Dispatcher, &config.document, &places, None).unwrap()).unwrap();
        let has = sids(&policy).contains(&"EventsGiveUp");
        let resource = has.then(|| statement(&policy, "EventsGiveUp"));
        (
            resource,
            unsaid.iter().any(|line| line.contains("redrive policy")),
        )
    };
    let in_rabbitmq = FLEET.replace(
        "sqs: { region: eu-central-1, prefix: acme }",
        "rabbitmq: { url: \"amqp://b\" }",
    );
    for (text, told) in [
        (FLEET.to_owned(), false),
        (FLEET.replace("[sqs]", "[{ sqs: { queue: uploads } }]"), false),
        (FLEET.replace("[sqs]", "[{ sqs: { region: us-east-1 } }]"), true),
        (
            FLEET.replace("[sqs]", &format!("[{{ sqs: {{ queue: {address} }} }}]")),
            true,
        ),
        (
            in_rabbitmq.replace("[sqs]", "[{ sqs: { queue: uploads, region: eu-west-1 } }]"),
            true,
        ),
    ] {
        assert_eq!(dead(&text), (None, told), "{text}");
    }
    let named = format!("[{{ sqs: {{ queue: {address}, dead: uploads-dead }} }}]");
    let (statement, told) = dead(&FLEET.replace("[sqs]", &named));
    let statement = statement.unwrap();
    assert!(!told);
    assert_eq!(
        statement["Resource"],
        json!(["arn:aws:sqs:eu-west-1:123456789012:uploads-dead"])
    );
    assert_eq!(statement["Action"], json!(["sqs:GetQueueUrl", "sqs:SendMessage"]));
}

#[test]
fn keys_are_used_through_s3_only_and_an_alias_is_a_condition() {
    let policy = policy(Role::Worker, FLEET, None).unwrap();
    assert_eq!(
        statement(&policy, "ToKey"),
        json!({
            "Sid": "ToKey",
            "Effect": "Allow",
            "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
            "Resource": ["arn:aws:kms:eu-central-1:*:key/*"],
            "Condition": {
                "ForAnyValue:StringEquals": { "kms:ResourceAliases": "alias/media" },
                "StringLike": { "kms:ViaService": "s3.eu-central-1.amazonaws.com" },
            },
        })
    );
    assert_eq!(
        statement(&policy, "StateKey")["Resource"],
        json!(["arn:aws:kms:eu-central-1:*:key/1234abcd-12ab-34cd-56ef-1234567890ab"])
    );
}

#[test]
fn access_points_and_patterns_in_prefixes_are_written_as_iam_reads_them() {
    let point = "arn:aws:s3:eu-central-1:123456789012:accesspoint/uploads";
    let text = FLEET.replace(
        "acme-uploads, prefix: uploads/",
        &format!("\"{point}\", prefix: \"a*b/\""),
    );
    let policy = policy(Role::Worker, &text, None).unwrap();
    assert_eq!(statement(&policy, "FromList")["Resource"][0], point);
    assert_eq!(
        statement(&policy, "FromRead")["Resource"][0],
        format!("{point}/object/a${{*}}b/*")
    );
}

#[test]
fn every_policy_fits_into_one_and_its_statements_have_names_of_their_own() {
    for role in ROLES {
        let policy = policy(role, FLEET, Some("123456789012")).unwrap();
        let length = policy.to_string().len();
        assert!(length < CHARACTERS_MAX, "{role:?}: {length}");
        let mut names = sids(&policy);
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count, "{role:?}: {names:?}");
        assert!(
            names
                .iter()
                .all(|sid| sid.bytes().all(|byte| byte.is_ascii_alphanumeric())),
            "{names:?}"
        );
    }
}

#[test]
fn outboxes_and_receivers_come_with_somebody_to_notify() {
    let notify = "notify: { aws: { sqs: { queue: told, region: us-east-1 } } }\n";
    for role in ROLES {
        let (without, with) = (
            policy(role, FLEET, None),
            policy(role, &format!("{FLEET}{notify}"), None),
        );
        let (without, with) = (without.unwrap().to_string(), with.unwrap().to_string());
        for word in ["outbox/", "us-east-1:*:told"] {
            assert!(!without.contains(word), "{role:?} {word}");
        }
        assert!(with.contains("outbox/"), "{role:?}");
        assert_eq!(
            with.contains("us-east-1:*:told"),
            role == Role::Dispatcher,
            "{role:?}"
        );
    }
}

#[test]
fn processes_that_make_queues_themselves_may() {
    let text = FLEET.replace("prefix: acme", "prefix: acme, declare: apply");
    let policy = policy(Role::Worker, &text, None).unwrap();
    assert_eq!(
        statement(&policy, "QueuesMake")["Action"],
        json!([
            "sqs:GetQueueAttributes",
            "sqs:CreateQueue",
            "sqs:SetQueueAttributes"
        ])
    );
}

#[test]
fn one_machine_needs_no_policy() {
    let text = "version: 1\nfrom: { folder: in }\nto: { folder: out }\n";
    let refused = policy(Role::Worker, text, None).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("nothing in this configuration is at AWS"),
        "{refused}"
    );
}

#[test]
fn worker_and_operator_may_list_and_read_the_pictures_that_recipes_name() {
    let text = format!(
        "{FLEET}stores: {{ brand-art: {{ s3: {{ bucket: acme-brand, prefix: art/, region: eu-central-1 }} }} }}\n\
         recipes: {{ r: {{ derivatives: {{ d: {{ formats: [webp], steps: [ {{ mask: {{ image: {{ store: brand-art, key: m.png }} }} }} ] }} }} }} }}\n"
    );
    for role in [Role::Worker, Role::Operator] {
        let policy = policy(role, &text, None).unwrap();
        let read = statement(&policy, "StoreBrandArtRead");
        assert_eq!(read["Action"], json!(["s3:GetObject"]));
        assert_eq!(read["Resource"], json!(["arn:aws:s3:::acme-brand/art/*"]));
        statement(&policy, "StoreBrandArtList");
        let others = sids(&policy)
            .into_iter()
            .filter(|sid| sid.starts_with("Store"))
            .count();
        assert_eq!(others, 2, "{policy:#}");
    }
    let dispatcher = policy(Role::Dispatcher, &text, None).unwrap();
    assert!(!dispatcher.to_string().contains("acme-brand"), "{dispatcher:#}");
}

#[test]
fn only_a_worker_may_read_tags_and_only_where_a_recipe_does() {
    let with = format!(
        "{FLEET}recipes: {{ default: {{ read_tags: true, derivatives: {{ a: {{ formats: [jpeg] }} }} }} }}\n"
    );
    for (text, role, is_allowed) in [
        (FLEET, Role::Worker, false),
        (with.as_str(), Role::Worker, true),
        (with.as_str(), Role::Dispatcher, false),
        (with.as_str(), Role::Operator, false),
    ] {
        let policy = policy(role, text, None).unwrap();
        assert_eq!(
            policy.to_string().contains("s3:GetObjectTagging"),
            is_allowed,
            "{role:?}"
        );
    }
    let policy = policy(Role::Worker, &with, None).unwrap();
    assert_eq!(
        statement(&policy, "FromTags")["Resource"],
        json!(["arn:aws:s3:::acme-uploads/uploads/*"])
    );
}
