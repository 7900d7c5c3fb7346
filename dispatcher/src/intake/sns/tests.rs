//! Messages that are signed as SNS signs, and everything that is wrong with others. The signer: `tests/sns/README.md`.
use std::sync::Mutex;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use minilab_queue::{ManualClock, Memory, Queue};
use minilab_recipe::{Document, Lane};
use minilab_telemetry::Metrics;
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::{Value, json};

use super::{certificate::Certificate, *};
use crate::{Jobs, queue_name};

const RULES: &str = r"
version: 1
from: { s3: { bucket: photos, prefix: in/ } }
to: { s3: { bucket: photos, prefix: out/ } }
intake: [{ poll: { every: 1h } }]
recipes: { gallery: { derivatives: { thumb: { resize: { width: 320 }, formats: [webp], lane: fast } } } }
";
const EVENT: &str =
    r#"{"account":"a","action":"PutObject","bucket":"photos","object":{"key":"in/a.jpg","size":1}}"#;
const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:uploads";
const CERTIFICATE: &str = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem";
const CONFIRM: &str = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=233";
const SIGNER: &[u8] = include_bytes!("../../../tests/sns/signer.pk8");
const SNS_PEM: &[u8] = include_bytes!("../../../tests/sns/sns.pem");
const FOREIGN_PEM: &[u8] = include_bytes!("../../../tests/sns/foreign.pem");
const VERSION_1: &[u8] = include_bytes!("../../../tests/sns/notification-1.json");

/// AWS, as far as we ask it: the certificate, and whatever else with `200`.
#[derive(Debug)]
struct Aws {
    pem: &'static [u8],
    failure: Option<FetchError>,
    asked: Mutex<Vec<String>>,
}

impl Aws {
    fn with(pem: &'static [u8]) -> Self {
        Self {
            pem,
            failure: None,
            asked: Mutex::default(),
        }
    }
}

#[async_trait::async_trait]
impl Fetch for Aws {
    async fn get(&self, address: &str, _: usize) -> Result<Bytes, FetchError> {
        self.asked.lock().unwrap().push(address.to_owned());
        match &self.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(Bytes::from_static(self.pem)),
        }
    }
}

struct World {
    sns: Sns,
    aws: Arc<Aws>,
    broker: Arc<Memory>,
    clock: ManualClock,
}

impl World {
    fn new() -> Self {
        Self::beside(Aws::with(SNS_PEM))
    }

    fn beside(aws: Aws) -> Self {
        let document = Document::parse("minilab.yaml", RULES, &|_| None).expect("the document is valid");
        let (broker, metrics) = (Arc::new(Memory::default()), Arc::new(Metrics::new("test")));
        let (clock, aws) = (ManualClock::default(), Arc::new(aws));
        let jobs = Jobs::new(
            Arc::new(document),
            1,
            broker.clone(),
            Arc::new(clock.clone()),
            metrics.clone(),
        );
        let messages = Arc::new(Messages::new(Arc::new(jobs), metrics, Arc::default()));
        let topics = vec![TopicArn::new(TOPIC).unwrap()];
        Self {
            sns: Sns::new(messages, topics, aws.clone()),
            aws,
            broker,
            clock,
        }
    }

    async fn told(&self, message: &Value) -> WebhookVerdict {
        self.bytes(message.to_string()).await
    }

    async fn bytes(&self, body: impl Into<Bytes>) -> WebhookVerdict {
        self.sns.take(SnsHeaders::default(), body.into()).await
    }

    /// The code that a message is refused with; none refused may leave a job or be followed anywhere.
    async fn refused(&self, message: &Value) -> &'static str {
        let before = self.waiting().await;
        let code = match self.told(message).await {
            WebhookVerdict::Refused(refusal) => refusal.code(),
            other => panic!("not refused, but {other:?}: {message}"),
        };
        assert_eq!(self.waiting().await, before, "{message}");
        let asked = self.asked();
        assert!(
            asked.iter().all(|address| !address.contains("Action=")),
            "{asked:?}"
        );
        code
    }

    async fn waiting(&self) -> u64 {
        self.broker.depth(&queue_name(Lane::Fast)).await.unwrap().ready
    }

    fn asked(&self) -> Vec<String> {
        self.aws.asked.lock().unwrap().clone()
    }
}

fn notification() -> Value {
    json!({
        "Type": "Notification", "MessageId": "1", "TopicArn": TOPIC, "Subject": "Amazon S3 Notification",
        "Message": EVENT, "Timestamp": "2001-09-09T01:46:40.000Z", "SignatureVersion": "2",
        "SigningCertURL": CERTIFICATE,
    })
}

fn confirmation() -> Value {
    json!({
        "Type": "SubscriptionConfirmation", "MessageId": "1", "TopicArn": TOPIC, "Token": "233",
        "Message": "You have chosen to subscribe", "SubscribeURL": CONFIRM,
        "Timestamp": "2001-09-09T01:46:40.000Z", "SignatureVersion": "2", "SigningCertURL": CERTIFICATE,
    })
}

/// With the signature that SNS would give it, so that only what a test is about is wrong.
fn signed(mut message: Value) -> Value {
    message["Signature"] = "".into();
    let envelope = Envelope::parse(message.to_string().as_bytes()).unwrap();
    let key = RsaKeyPair::from_pkcs8(SIGNER).unwrap();
    let mut signature = vec![0; key.public().modulus_len()];
    let text = envelope.signed();
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .unwrap();
    message["Signature"] = STANDARD.encode(signature).into();
    message
}

fn with(mut message: Value, field: &str, value: impl Into<Value>) -> Value {
    message[field] = value.into();
    message
}

#[tokio::test]
async fn notification_is_taken_when_its_job_waits_and_its_certificate_is_got_once() {
    let world = World::new();
    for _ in 0..3 {
        assert_eq!(
            world.told(&signed(notification())).await,
            WebhookVerdict::Accepted
        );
    }
    assert_eq!(world.waiting().await, 1, "a replay is the same job");
    assert_eq!(world.asked(), [CERTIFICATE]);
}

#[tokio::test]
async fn signature_of_version_1_is_verified_too() {
    let world = World::new();
    assert_eq!(world.bytes(VERSION_1).await, WebhookVerdict::Accepted);
    assert_eq!(world.waiting().await, 1);
    let text = std::str::from_utf8(VERSION_1).unwrap();
    let world = World::new();
    let changed: Value = serde_json::from_str(&text.replace("in/a.jpg", "in/b.jpg")).unwrap();
    assert_eq!(world.refused(&changed).await, "sns_signature");
    let other_hash: Value = serde_json::from_str(text).unwrap();
    let other_hash = with(other_hash, "SignatureVersion", "2");
    assert_eq!(world.refused(&other_hash).await, "sns_signature");
}

#[tokio::test]
async fn every_field_that_is_signed_is_guarded() {
    let world = World::new();
    let original = signed(notification());
    for (field, value) in [
        ("Message", "{}"),
        ("MessageId", "2"),
        ("Subject", "Another"),
        ("Timestamp", "2001-09-09T01:46:41.000Z"),
    ] {
        let changed = with(original.clone(), field, value);
        assert_eq!(world.refused(&changed).await, "sns_signature", "{field}");
    }
    let without = with(original.clone(), "Subject", Value::Null);
    assert_eq!(world.refused(&without).await, "sns_signature");
    let original = signed(confirmation());
    for (field, value) in [
        ("Token", "234"),
        (
            "SubscribeURL",
            "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=1",
        ),
        ("Type", "UnsubscribeConfirmation"),
    ] {
        let changed = with(original.clone(), field, value);
        assert_eq!(world.refused(&changed).await, "sns_signature", "{field}");
    }
}

#[tokio::test]
async fn forged_signatures_are_refused() {
    let world = World::new();
    let signature = signed(notification())["Signature"].as_str().unwrap().to_owned();
    let mut bytes = STANDARD.decode(signature).unwrap();
    bytes[100] ^= 1;
    for forged in [
        STANDARD.encode(&bytes),
        STANDARD.encode(&bytes[1..]),
        String::new(),
    ] {
        let forged = with(notification(), "Signature", forged);
        assert_eq!(world.refused(&forged).await, "sns_signature");
    }
    let forged = with(notification(), "Signature", "no base64!");
    assert_eq!(world.refused(&forged).await, "sns_malformed");
    for version in ["0", "3", ""] {
        let other = with(signed(notification()), "SignatureVersion", version);
        assert_eq!(world.refused(&other).await, "sns_signature_version");
    }
}

#[tokio::test]
async fn certificates_are_only_got_from_sns_in_the_region_of_the_topic() {
    let world = World::new();
    for address in [
        "",
        "http://sns.eu-central-1.amazonaws.com/a.pem",
        "https://sns.us-east-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com.evil.example/a.pem",
        "https://sns.eu-central-1.amazonaws.com.cn/a.pem",
        "https://sns.eu-central-1.amazonaws.com:444/a.pem",
        "https://sns.eu-central-1.amazonaws.com@evil.example/a.pem",
        "https://user@sns.eu-central-1.amazonaws.com/a.pem",
        "https://evil.example/sns.eu-central-1.amazonaws.com/a.pem",
        "https://SNS.eu-central-1.amazonaws.com/a.pem",
        "https://s3.eu-central-1.amazonaws.com/a.pem",
        "https://sns.eu-central-1.amazonaws.com/a.txt",
        "https://sns.eu-central-1.amazonaws.com/.pem",
        "https://sns.eu-central-1.amazonaws.com/?Action=Publish&a=.pem",
        "https://sns.eu-central-1.amazonaws.com/../a.pem",
        "https://sns.eu-central-1.amazonaws.com/a.pem#.pem",
        "https://sns.eu-central-1.amazonaws.com/a\r\nHost: evil.pem",
    ] {
        let message = signed(with(notification(), "SigningCertURL", address));
        assert_eq!(world.refused(&message).await, "sns_address", "{address}");
    }
    assert!(world.asked().is_empty(), "nothing is got for them");
}

#[tokio::test]
async fn certificate_must_be_of_sns_and_valid_now() {
    let world = World::beside(Aws::with(FOREIGN_PEM));
    assert_eq!(world.refused(&signed(notification())).await, "sns_certificate");
    for rubbish in [
        &b"no certificate"[..],
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let world = World::beside(Aws::with(rubbish));
        assert_eq!(world.refused(&signed(notification())).await, "sns_certificate");
    }
    let world = World::new();
    assert_eq!(
        world.told(&signed(notification())).await,
        WebhookVerdict::Accepted
    );
    world.clock.advance(Duration::from_hours(24 * 200));
    let later = signed(with(notification(), "Timestamp", "2002-03-28T01:46:40Z"));
    assert_eq!(
        world.refused(&later).await,
        "sns_certificate",
        "it was good when it was got"
    );
}

#[tokio::test]
async fn topics_that_nobody_asked_for_are_refused_by_header_and_by_body() {
    let world = World::new();
    let other = "arn:aws:sns:eu-central-1:123456789012:other";
    assert_eq!(
        world
            .refused(&signed(with(notification(), "TopicArn", other)))
            .await,
        "sns_topic"
    );
    assert_eq!(
        world
            .refused(&signed(with(confirmation(), "TopicArn", other)))
            .await,
        "sns_topic"
    );
    let headers = SnsHeaders {
        topic: Some(other),
        ..SnsHeaders::default()
    };
    assert_eq!(world.sns.admits(headers).unwrap_err().code(), "sns_topic");
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn headers_that_say_something_else_are_refused() {
    let world = World::new();
    let body = Bytes::from(signed(notification()).to_string());
    let headers = |message_type, raw_delivery| SnsHeaders {
        message_type,
        topic: Some(TOPIC),
        raw_delivery,
    };
    for (headers, code) in [
        (headers(Some("SubscriptionConfirmation"), None), "sns_headers"),
        (headers(Some(""), None), "sns_headers"),
        (headers(None, Some("true")), "sns_raw"),
    ] {
        let verdict = world.sns.take(headers, body.clone()).await;
        assert!(
            matches!(&verdict, WebhookVerdict::Refused(refusal) if refusal.code() == code),
            "{verdict:?}"
        );
    }
    let agreeing = headers(Some("Notification"), Some("false"));
    assert_eq!(world.sns.take(agreeing, body).await, WebhookVerdict::Accepted);
}

#[tokio::test]
async fn what_is_older_than_an_hour_is_refused() {
    let world = World::new();
    world.clock.advance(AGE_MAX);
    assert_eq!(
        world.told(&signed(notification())).await,
        WebhookVerdict::Accepted
    );
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.refused(&signed(notification())).await, "sns_stale");
    let ahead = signed(with(notification(), "Timestamp", "2001-09-09T03:47:00Z"));
    assert_eq!(world.refused(&ahead).await, "sns_stale");
}

#[tokio::test]
async fn subscription_to_a_topic_of_ours_is_confirmed() {
    let world = World::new();
    assert_eq!(
        world.told(&signed(confirmation())).await,
        WebhookVerdict::Accepted
    );
    assert_eq!(world.asked(), [CERTIFICATE, CONFIRM]);
    let ended = with(confirmation(), "Type", "UnsubscribeConfirmation");
    assert_eq!(world.told(&signed(ended)).await, WebhookVerdict::Accepted);
    assert_eq!(
        world.asked().len(),
        2,
        "what was ended on purpose is not begun again"
    );
}

#[tokio::test]
async fn subscriptions_are_confirmed_with_sns_alone() {
    let world = World::new();
    for address in [
        "https://evil.example/?Action=ConfirmSubscription&Token=233",
        "https://sns.eu-central-1.amazonaws.com/?Action=DeleteTopic&Token=233",
        "https://sns.eu-central-1.amazonaws.com/a?Action=ConfirmSubscription&Token=233",
        "http://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=233",
    ] {
        let message = signed(with(confirmation(), "SubscribeURL", address));
        assert_eq!(world.refused(&message).await, "sns_address", "{address}");
    }
}

#[tokio::test]
async fn aws_that_does_not_answer_is_asked_again_and_one_that_has_nothing_is_believed() {
    let address = CERTIFICATE.to_owned();
    let away = FetchError::Unavailable {
        address: address.clone(),
        reason: "away".to_owned(),
    };
    let nothing = FetchError::Refused { address, status: 404 };
    let beside = |failure| {
        World::beside(Aws {
            failure: Some(failure),
            ..Aws::with(SNS_PEM)
        })
    };
    let verdict = beside(away).told(&signed(notification())).await;
    assert_eq!(verdict, WebhookVerdict::TryAgain(AGAIN_AFTER));
    assert_eq!(
        beside(nothing).refused(&signed(notification())).await,
        "sns_certificate"
    );
}

#[tokio::test]
async fn bodies_that_are_no_message_are_refused_before_anything_is_got() {
    let world = World::new();
    let deep = "[".repeat(100_000);
    let deep_in_it = format!(r#"{{"Type":{deep}"#);
    let twice = notification()
        .to_string()
        .replacen('{', r#"{"Type":"Notification","#, 1);
    for body in [
        "",
        "[]",
        "null",
        "{}",
        "\u{0}",
        &deep,
        &deep_in_it,
        &twice,
        r#"{"Type":"Other"}"#,
    ] {
        let verdict = world.bytes(body.as_bytes().to_vec()).await;
        assert!(
            matches!(&verdict, WebhookVerdict::Refused(refusal) if refusal.code() == "sns_malformed"),
            "{verdict:?}"
        );
    }
    for (field, value) in [
        ("Type", json!(1)),
        ("Message", json!({})),
        ("Timestamp", json!("yesterday")),
        ("SigningCertURL", Value::Null),
    ] {
        let mut message = signed(notification());
        message[field] = value;
        assert_eq!(world.refused(&message).await, "sns_malformed", "{field}");
    }
    let mut without = signed(confirmation());
    without.as_object_mut().unwrap().remove("Token");
    assert_eq!(world.refused(&without).await, "sns_malformed");
    let long = vec![b' '; Sns::BODY_BYTES_MAX + 1];
    assert_eq!(world.bytes(long).await, WebhookVerdict::TooLarge);
    assert!(world.asked().is_empty());
}

#[tokio::test]
async fn what_is_signed_and_of_no_known_form_is_recorded() {
    let world = World::new();
    let verdict = world
        .told(&signed(with(notification(), "Message", "hello")))
        .await;
    assert!(matches!(verdict, WebhookVerdict::Unknown(_)), "{verdict:?}");
    let recorded = world.broker.depth(&super::super::events_queue()).await.unwrap();
    assert_eq!(recorded.ready, 1);
}

#[test]
fn names_of_the_signer_are_those_of_the_topics_part_of_aws() {
    let certificate = Certificate::parse(SNS_PEM).unwrap();
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    for (topic, is_good) in [
        (TOPIC, true),
        ("arn:aws-us-gov:sns:us-gov-west-1:123456789012:uploads", true),
        ("arn:aws-cn:sns:cn-north-1:123456789012:uploads", false),
    ] {
        let topic = TopicArn::new(topic).unwrap();
        assert_eq!(certificate.check(&topic, then).is_ok(), is_good, "{topic:?}");
    }
}
