//! How uploads are noticed.
use std::net::SocketAddr;
use std::time::Duration;

use super::super::read::{Fields, Problems, list};
use super::super::scalar;
use super::super::secret::Secret;
use super::super::tree::{Tree, Value};
use super::address;
use super::queue::{SqsService, amqp_url, prefix, sqs_service};
use super::sns::{Sns, sns};
use crate::diagnostic::Code;

/// How uploads are noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Intake {
    /// By the file system, for `from: { folder: ... }`.
    Watch,
    /// By listing the originals again and again.
    Poll {
        /// Pause between two listings.
        every: Duration,
    },
    /// By notifications over HTTP.
    Webhook(Webhook),
    /// By notifications in a queue of a RabbitMQ broker.
    RabbitMq(EventQueue),
    /// By notifications in a queue of SQS: of S3 itself, through SNS, or through EventBridge.
    Sqs(SqsEvents),
}

impl Intake {
    /// What the document calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Poll { .. } => "poll",
            Self::Webhook(_) => "webhook",
            Self::RabbitMq(_) => "rabbitmq",
            Self::Sqs(_) => "sqs",
        }
    }
}

/// Where notifications over HTTP are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Address and port.
    pub listen: SocketAddr,
    /// What a sender to `/events` must present: `Authorization: Bearer ...`; `None`: nothing is taken there.
    pub token: Option<Secret>,
    /// What is taken at `/sns`; `None`: nothing.
    pub sns: Option<Sns>,
}

/// Where notifications wait in a broker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventQueue {
    /// Its broker; `None`: the one where jobs wait.
    pub url: Option<Secret>,
    /// What the names of its exchanges and queues begin with; `None`: as where jobs wait.
    pub prefix: Option<String>,
}

/// Where notifications wait in SQS.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqsEvents {
    /// Whose queue; where nothing is said, as where jobs wait.
    pub service: SqsService,
    /// Its name or address; `None`: `<prefix>-events`, with the prefix of the jobs' queues.
    pub queue: Option<String>,
    /// Name of the queue beside it that takes what nobody understands; `None`: that of the jobs, where it is beside it, else
    /// the one that its redrive policy names.
    pub dead: Option<String>,
}

/// Fewer can be guessed.
const TOKEN_CHARS_MIN: usize = 16;
/// A pause under which a listing would follow a listing without end.
const POLL_MIN: Duration = Duration::from_secs(1);

pub(in super::super) fn intake(tree: &Tree, problems: &Problems) -> Option<Vec<Intake>> {
    list(tree, problems, one_intake)
}

/// A bare word where nothing needs to be said, else a mapping with the word as its only key.
fn one_intake(tree: &Tree, problems: &Problems) -> Option<Intake> {
    if let Value::Scalar(_) = tree.value {
        let words = [
            ("watch", Some(Intake::Watch)),
            ("rabbitmq", Some(Intake::RabbitMq(EventQueue::default()))),
            ("sqs", Some(Intake::Sqs(SqsEvents::default()))),
            ("poll", None),
            ("webhook", None),
        ];
        let choices = std::array::from_fn::<_, 5, _>(|index| (words[index].0, index));
        let intake = words[scalar::choice(tree, &choices, problems)?].1.clone();
        if intake.is_none() {
            let help = "write { poll: { every: 1min } } or { webhook: { listen: 0.0.0.0:8090, token: \"${TOKEN}\" } }";
            let message = "this intake needs to be told more";
            problems.note(tree.span, Code::MissingKey, message, Some(help.to_owned()));
        }
        return intake;
    }
    let mut fields = Fields::open("intake", tree, problems)?;
    let rabbitmq = fields.read("rabbitmq", event_queue).map(Intake::RabbitMq);
    let sqs = fields.read("sqs", sqs_events).map(Intake::Sqs);
    let webhook = fields.read("webhook", webhook).map(Intake::Webhook);
    let poll = fields.read("poll", poll);
    let named = ["rabbitmq", "webhook", "poll", "sqs"]
        .iter()
        .filter(|key| fields.has(key));
    if named.count() != 1 {
        let help = "each intake is an item of its own: [watch, { poll: { every: 1min } }]".to_owned();
        let message = "exactly one of rabbitmq, sqs, webhook and poll belongs here";
        problems.note(fields.span(), Code::MissingKey, message, Some(help));
    }
    fields.close();
    rabbitmq.or(sqs).or(webhook).or(poll)
}

fn event_queue(tree: &Tree, problems: &Problems) -> Option<EventQueue> {
    let mut fields = Fields::open("events", tree, problems)?;
    let url = fields.read("url", amqp_url);
    let prefix = fields.read("prefix", prefix);
    fields.close();
    Some(EventQueue { url, prefix })
}

fn sqs_events(tree: &Tree, problems: &Problems) -> Option<SqsEvents> {
    let mut fields = Fields::open("sqs_events", tree, problems)?;
    let service = sqs_service(&mut fields);
    let queue = fields.read("queue", scalar::text);
    let dead = fields.read("dead", scalar::text);
    fields.close();
    Some(SqsEvents { service, queue, dead })
}

fn webhook(tree: &Tree, problems: &Problems) -> Option<Webhook> {
    let mut fields = Fields::open("webhook", tree, problems)?;
    let listen = fields.require("listen", address);
    let sns = fields.read("sns", sns);
    // A listener that takes nothing of anybody is a mistake.
    let token = if fields.has("sns") {
        fields.read("token", token)
    } else {
        fields.require("token", token)
    };
    fields.close();
    Some(Webhook {
        listen: listen?,
        token,
        sns,
    })
}

fn poll(tree: &Tree, problems: &Problems) -> Option<Intake> {
    let mut fields = Fields::open("poll", tree, problems)?;
    let every = fields.require("every", |tree, problems| {
        scalar::duration_within(tree, POLL_MIN..=Duration::from_hours(24), problems)
    });
    fields.close();
    every.map(|every| Intake::Poll { every })
}

fn token(tree: &Tree, problems: &Problems) -> Option<Secret> {
    problems.conceal(tree);
    let text = scalar::text(tree, problems)?;
    if text.chars().count() >= TOKEN_CHARS_MIN {
        return Some(Secret::new(text));
    }
    if !problems.is_noted(tree.span) {
        let help = format!("at least {TOKEN_CHARS_MIN} characters, such as `openssl rand -hex 32` prints");
        problems.note(tree.span, Code::BadValue, "the token can be guessed", Some(help));
    }
    None
}
