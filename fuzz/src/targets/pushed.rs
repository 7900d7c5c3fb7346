//! What is pushed over HTTP: headers and bodies of the webhook and of SNS.
use std::{cell::RefCell, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use minilab_dispatcher::{
    Config, Dispatcher, Fetch, FetchError, Jobs, Sns, SnsHeaders, Stores, Token, Webhook, WebhookVerdict,
};
use minilab_queue::{ManualClock, Memory as Broker};
use minilab_recipe::{Document, TopicArn};
use minilab_store::Memory;
use minilab_telemetry::Metrics;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::parts;

const TOKEN: &str = "0123456789abcdef";
const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:uploads";
const HOST: &str = "https://sns.eu-central-1.amazonaws.com/";
const CERTIFICATE: &[u8] = include_bytes!("../../../dispatcher/tests/sns/sns.pem");
const SIGNED: &[u8] = include_bytes!("../../../dispatcher/tests/sns/notification-1.json");
/// So many messages are held in memory until there is a new broker.
const RUNS_MAX: u32 = 500;
const RULES: &str = r"
version: 1
from: { s3: { bucket: photos, prefix: in/ } }
to: { s3: { bucket: photos, prefix: out/ } }
intake: [{ poll: { every: 1h } }]
recipes: { gallery: { derivatives: { thumb: { resize: { width: 320 }, formats: [webp], lane: fast } } } }
";

/// Without the token nothing is taken; what SNS has not signed is not either, and nothing but SNS's own host is asked. The
/// parts: `Authorization`, the type, topic and raw delivery of SNS, the body.
pub fn run(input: &[u8]) {
    let [authorization, kind, topic, raw, _] = parts::texts(input);
    let [.., body] = parts::cut::<5>(input);
    let body = Bytes::copy_from_slice(body);
    let headers = SnsHeaders {
        message_type: present(&kind),
        topic: present(&topic),
        raw_delivery: present(&raw),
    };
    WORLD.with_borrow_mut(|world| {
        world.runs += 1;
        if world.runs > RUNS_MAX {
            *world = World::new();
        }
        let pushed = world.webhook.take(present(&authorization), body.clone());
        token_decides(&world.runtime.block_on(pushed), &authorization);
        let pushed = world.sns.take(headers, body.clone());
        signature_decides(&world.runtime.block_on(pushed), &body);
    });
}

fn present(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn token_decides(verdict: &WebhookVerdict, authorization: &str) {
    let is_let_in = authorization
        .split_once(' ')
        .is_some_and(|(scheme, secret)| scheme.eq_ignore_ascii_case("bearer") && secret.trim() == TOKEN);
    assert_eq!(
        *verdict != WebhookVerdict::Unauthorized,
        is_let_in,
        "{authorization:?}: {verdict:?}"
    );
    assert!(!format!("{verdict:?}").contains(TOKEN), "{verdict:?}");
}

fn signature_decides(verdict: &WebhookVerdict, body: &[u8]) {
    match verdict {
        WebhookVerdict::Accepted => {
            let (taken, signed): (Value, Value) = (
                serde_json::from_slice(body).expect("it was read"),
                serde_json::from_slice(SIGNED).expect("it is JSON"),
            );
            for field in ["Type", "Message", "MessageId", "TopicArn", "Timestamp", "Subject"] {
                assert_eq!(taken[field], signed[field], "{field} was not signed so");
            }
        }
        WebhookVerdict::Refused(refusal) => {
            let told = refusal.to_string();
            assert!(told.len() <= 1024 && !told.contains(char::is_control), "{told:?}");
        }
        _ => {}
    }
}

/// The certificate, wherever it is asked for; asked anywhere but at SNS it is a finding.
#[derive(Debug)]
struct Watched;

#[async_trait]
impl Fetch for Watched {
    async fn get(&self, address: &str, _: usize) -> Result<Bytes, FetchError> {
        let path = address
            .strip_prefix(HOST)
            .unwrap_or_else(|| panic!("{address:?} is asked"));
        assert!(
            path.is_ascii() && !path.contains(['@', '\\', '#', ' ']),
            "{address:?} is asked"
        );
        Ok(Bytes::from_static(CERTIFICATE))
    }
}

struct World {
    runtime: Runtime,
    webhook: Webhook,
    sns: Sns,
    runs: u32,
}

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

impl World {
    fn new() -> Self {
        let document = Document::parse("minilab.yaml", RULES, &|_| None).expect("the document is valid");
        let (broker, metrics) = (Arc::new(Broker::default()), Arc::new(Metrics::new("fuzz")));
        // It shows the time at which the signed message was sent.
        let clock = Arc::new(ManualClock::default());
        let jobs = Jobs::new(Arc::new(document), 1, broker, clock, Arc::clone(&metrics));
        let store = Arc::new(Memory::new());
        let stores = Stores {
            originals: store.clone(),
            outputs: store.clone(),
            state: store,
        };
        let mut dispatcher = Dispatcher::new(Config::default(), stores, Arc::new(jobs), metrics);
        let token = Token::new(TOKEN).expect("it is long enough");
        Self {
            webhook: dispatcher.webhook(token),
            sns: dispatcher.sns(vec![TopicArn::new(TOPIC).expect("it is one")], Arc::new(Watched)),
            runtime: Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime needs no more than a thread"),
            runs: 0,
        }
    }
}
