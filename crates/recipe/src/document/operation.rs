//! How the program runs: where jobs wait, how uploads are noticed, where files are served. None of it affects what is made.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::read::{Fields, Problems, list};
use super::secret::Secret;
use super::tree::{Tree, Value};
use super::{path, scalar};
use crate::diagnostic::Code;

/// Where jobs wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueConfig {
    /// A file of this machine, used by one process.
    Sqlite(PathBuf),
    /// A broker that any number of processes share.
    RabbitMq(RabbitMq),
}

/// A RabbitMQ broker and our part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RabbitMq {
    /// `amqp://user:password@host/vhost`, or `amqps://`.
    pub url: Secret,
    /// What the names of all exchanges and queues begin with.
    pub prefix: String,
    /// Who makes exchanges and queues.
    pub declare: Declare,
    /// How long a delivered job may show no sign of its worker before somebody else gets it.
    pub lease: Duration,
    /// Pauses between the attempts at a job, one wait queue each; rising.
    pub waits: Vec<Duration>,
}

impl RabbitMq {
    /// All else by default.
    pub fn at(url: Secret) -> Self {
        Self {
            url,
            prefix: PREFIX_DEFAULT.to_owned(),
            declare: Declare::default(),
            lease: LEASE_DEFAULT,
            waits: WAITS_DEFAULT.to_vec(),
        }
    }
}

/// Who makes exchanges and queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Declare {
    /// Every process, when it connects.
    #[default]
    Apply,
    /// Somebody else did, with `minilab topology apply`; processes only look.
    Passive,
}

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
}

impl Intake {
    /// What the document calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Watch => "watch",
            Self::Poll { .. } => "poll",
            Self::Webhook(_) => "webhook",
            Self::RabbitMq(_) => "rabbitmq",
        }
    }
}

/// Where notifications over HTTP are taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Address and port.
    pub listen: SocketAddr,
    /// What a sender must present: `Authorization: Bearer ...`.
    pub token: Secret,
}

/// Where notifications wait in a broker.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventQueue {
    /// Its broker; `None`: the one where jobs wait.
    pub url: Option<Secret>,
    /// What the names of its exchanges and queues begin with; `None`: as where jobs wait.
    pub prefix: Option<String>,
}

const PREFIX_DEFAULT: &str = "minilab";
/// Only guards against a worker that hangs: of one that dies the broker takes back its jobs at once.
const LEASE_DEFAULT: Duration = Duration::from_mins(1);
/// Shorter ones end while a worker is merely busy.
const LEASE_MIN: Duration = Duration::from_secs(5);
/// A job may be held for 20 min (`HELD_MAX` of the worker): a longer lease would say nothing, and brokers cut consumers off
/// after 30.
const LEASE_MAX: Duration = Duration::from_mins(15);
/// A blip, a restart, a throttled minute, an incident on the other side.
const WAITS_DEFAULT: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
];
/// Each is a queue of the broker.
const WAITS_MAX: usize = 10;
/// Leaves room for the rest of a name of at most 255 bytes.
const PREFIX_LENGTH_MAX: usize = 64;
/// Fewer can be guessed.
const TOKEN_CHARS_MIN: usize = 16;
/// A pause under which a listing would follow a listing without end.
const POLL_MIN: Duration = Duration::from_secs(1);

pub(super) fn queue(tree: &Tree, problems: &Problems) -> Option<QueueConfig> {
    let mut fields = Fields::open("queue", tree, problems)?;
    fields.planned(&["sqs"]);
    let rabbitmq = fields.read("rabbitmq", rabbitmq).map(QueueConfig::RabbitMq);
    let sqlite = fields.read("sqlite", path).map(QueueConfig::Sqlite);
    let named = ["rabbitmq", "sqlite", "sqs"].iter().filter(|key| fields.has(key));
    if named.count() != 1 {
        let help = "write { rabbitmq: { url: \"${AMQP_URL}\" } } or { sqlite: ./minilab.db }".to_owned();
        let message = "exactly one of rabbitmq and sqlite belongs here";
        problems.note(fields.span(), Code::MissingKey, message, Some(help));
    }
    fields.close();
    rabbitmq.or(sqlite)
}

fn rabbitmq(tree: &Tree, problems: &Problems) -> Option<RabbitMq> {
    let mut fields = Fields::open("rabbitmq", tree, problems)?;
    let url = fields.require("url", amqp_url);
    let prefix = fields.read("prefix", prefix);
    let declare = fields.read("declare", |tree, problems| {
        let choices = [("apply", Declare::Apply), ("passive", Declare::Passive)];
        scalar::choice(tree, &choices, problems)
    });
    let lease = fields.read("lease", |tree, problems| {
        scalar::duration_within(tree, LEASE_MIN..=LEASE_MAX, problems)
    });
    let waits = fields.read("waits", waits);
    fields.close();
    let broker = RabbitMq::at(url?);
    Some(RabbitMq {
        prefix: prefix.unwrap_or(broker.prefix),
        declare: declare.unwrap_or_default(),
        lease: lease.unwrap_or(broker.lease),
        waits: waits.unwrap_or(broker.waits),
        url: broker.url,
    })
}

fn waits(tree: &Tree, problems: &Problems) -> Option<Vec<Duration>> {
    let waits = list(tree, problems, scalar::duration)?;
    if (1..=WAITS_MAX).contains(&waits.len()) && waits.is_sorted_by(|one, next| one < next) {
        return Some(waits);
    }
    let help = format!("1 to {WAITS_MAX} durations, each longer than the one before: [5s, 30s, 2min]");
    problems.note(tree.span, Code::BadValue, "these waits do not rise", Some(help));
    None
}

pub(super) fn intake(tree: &Tree, problems: &Problems) -> Option<Vec<Intake>> {
    list(tree, problems, one_intake)
}

/// A bare word where nothing needs to be said, else a mapping with the word as its only key.
fn one_intake(tree: &Tree, problems: &Problems) -> Option<Intake> {
    if let Value::Scalar(_) = tree.value {
        let words = [
            ("watch", Some(Intake::Watch)),
            ("rabbitmq", Some(Intake::RabbitMq(EventQueue::default()))),
            ("poll", None),
            ("webhook", None),
        ];
        let choices = std::array::from_fn::<_, 4, _>(|index| (words[index].0, index));
        let intake = words[scalar::choice(tree, &choices, problems)?].1.clone();
        if intake.is_none() {
            let help = "write { poll: { every: 1min } } or { webhook: { listen: 0.0.0.0:8090, token: \"${TOKEN}\" } }";
            let message = "this intake needs to be told more";
            problems.note(tree.span, Code::MissingKey, message, Some(help.to_owned()));
        }
        return intake;
    }
    let mut fields = Fields::open("intake", tree, problems)?;
    fields.planned(&["sqs"]);
    let rabbitmq = fields.read("rabbitmq", event_queue).map(Intake::RabbitMq);
    let webhook = fields.read("webhook", webhook).map(Intake::Webhook);
    let poll = fields.read("poll", poll);
    let named = ["rabbitmq", "webhook", "poll", "sqs"]
        .iter()
        .filter(|key| fields.has(key));
    if named.count() != 1 {
        let help = "each intake is an item of its own: [watch, { poll: { every: 1min } }]".to_owned();
        let message = "exactly one of rabbitmq, webhook and poll belongs here";
        problems.note(fields.span(), Code::MissingKey, message, Some(help));
    }
    fields.close();
    rabbitmq.or(webhook).or(poll)
}

fn event_queue(tree: &Tree, problems: &Problems) -> Option<EventQueue> {
    let mut fields = Fields::open("events", tree, problems)?;
    let url = fields.read("url", amqp_url);
    let prefix = fields.read("prefix", prefix);
    fields.close();
    Some(EventQueue { url, prefix })
}

fn webhook(tree: &Tree, problems: &Problems) -> Option<Webhook> {
    let mut fields = Fields::open("webhook", tree, problems)?;
    let listen = fields.require("listen", address);
    let token = fields.require("token", token);
    fields.close();
    Some(Webhook {
        listen: listen?,
        token: token?,
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

/// Of an address only that it is one; it is not repeated in the message, because a password may be in it.
fn amqp_url(tree: &Tree, problems: &Problems) -> Option<Secret> {
    let text = scalar::text(tree, problems)?;
    let rest = ["amqp://", "amqps://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    if rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace)) {
        return Some(Secret::new(text));
    }
    if !problems.is_noted(tree.span) {
        let help = "amqp://user:password@host:5672/vhost, or amqps:// for TLS; as \"${AMQP_URL}\"".to_owned();
        let message = "this is no address of a RabbitMQ broker";
        problems.note(tree.span, Code::BadValue, message, Some(help));
    }
    None
}

fn token(tree: &Tree, problems: &Problems) -> Option<Secret> {
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

/// What every broker takes at the beginning of a name.
fn prefix(tree: &Tree, problems: &Problems) -> Option<String> {
    let text = scalar::text(tree, problems)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if (1..=PREFIX_LENGTH_MAX).contains(&text.len()) && text.chars().all(legal) {
        return Some(text);
    }
    let help = format!("letters, digits, '.', '-' and '_', at most {PREFIX_LENGTH_MAX}");
    let message = format!("no name of a queue begins with {text:?}");
    problems.note(tree.span, Code::BadValue, message, Some(help));
    None
}

/// `127.0.0.1:8080`, or a port on loopback.
pub(super) fn address(tree: &Tree, problems: &Problems) -> Option<SocketAddr> {
    let text = scalar::text(tree, problems)?;
    let on_loopback = || {
        text.parse::<u16>()
            .ok()
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
    };
    let address = text.parse().ok().or_else(on_loopback);
    if address.is_none() {
        let help = "an address with a port, such as 127.0.0.1:8080".to_owned();
        problems.note(
            tree.span,
            Code::BadValue,
            format!("{text:?} is no address to listen on"),
            Some(help),
        );
    }
    address
}
