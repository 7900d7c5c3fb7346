//! Where jobs wait.
use std::path::PathBuf;
use std::time::Duration;

use super::super::read::{Fields, Problems, list};
use super::super::secret::Secret;
use super::super::tree::Tree;
use super::super::{path, scalar};
use crate::diagnostic::Code;

/// Where jobs wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueConfig {
    /// A file of this machine, used by one process.
    Sqlite(PathBuf),
    /// A broker that any number of processes share.
    RabbitMq(RabbitMq),
    /// Queues of AWS that any number of processes share.
    Sqs(Sqs),
}

/// Queues of Amazon SQS, or of a server that speaks its language. Credentials are never in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sqs {
    /// Whose queues.
    pub service: SqsService,
    /// What the names of all queues begin with: `<prefix>-jobs-fast`.
    pub prefix: String,
    /// Who makes queues. Unless told somebody else: processes that only work need no right to.
    pub declare: Declare,
    /// How long a delivered job may show no sign of its worker before somebody else gets it: the visibility timeout.
    pub lease: Duration,
    /// Pauses between the attempts at a job; rising.
    pub waits: Vec<Duration>,
}

/// Where an SQS is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SqsService {
    /// Region; `None`: the environment's.
    pub region: Option<String>,
    /// Another server than AWS.
    pub endpoint: Option<String>,
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
pub(in super::super) fn queue(tree: &Tree, problems: &Problems) -> Option<QueueConfig> {
    let mut fields = Fields::open("queue", tree, problems)?;
    let rabbitmq = fields.read("rabbitmq", rabbitmq).map(QueueConfig::RabbitMq);
    let sqs = fields.read("sqs", sqs).map(QueueConfig::Sqs);
    let sqlite = fields.read("sqlite", path).map(QueueConfig::Sqlite);
    let named = ["rabbitmq", "sqlite", "sqs"].iter().filter(|key| fields.has(key));
    if named.count() != 1 {
        let help = "write { rabbitmq: { url: \"${AMQP_URL}\" } }, { sqs: { region: eu-central-1 } } or { sqlite: ./minilab.db }";
        let (message, help) = (
            "exactly one of rabbitmq, sqs and sqlite belongs here",
            help.to_owned(),
        );
        problems.note(fields.span(), Code::MissingKey, message, Some(help));
    }
    fields.close();
    rabbitmq.or(sqs).or(sqlite)
}

fn rabbitmq(tree: &Tree, problems: &Problems) -> Option<RabbitMq> {
    let mut fields = Fields::open("rabbitmq", tree, problems)?;
    let url = fields.require("url", amqp_url);
    let prefix = fields.read("prefix", prefix);
    let declare = fields.read("declare", declare);
    let lease = fields.read("lease", lease);
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

fn sqs(tree: &Tree, problems: &Problems) -> Option<Sqs> {
    let mut fields = Fields::open("sqs", tree, problems)?;
    let service = sqs_service(&mut fields);
    let prefix = fields.read("prefix", sqs_prefix);
    let declare = fields.read("declare", declare);
    let lease = fields.read("lease", lease);
    let waits = fields.read("waits", waits);
    fields.close();
    Some(Sqs {
        service,
        prefix: prefix.unwrap_or_else(|| PREFIX_DEFAULT.to_owned()),
        declare: declare.unwrap_or(Declare::Passive),
        lease: lease.unwrap_or(LEASE_DEFAULT),
        waits: waits.unwrap_or_else(|| WAITS_DEFAULT.to_vec()),
    })
}

pub(in super::super) fn sqs_service(fields: &mut Fields<'_>) -> SqsService {
    SqsService {
        region: fields.read("region", scalar::text),
        endpoint: fields.read("endpoint", scalar::text),
    }
}

pub(in super::super) fn declare(tree: &Tree, problems: &Problems) -> Option<Declare> {
    let choices = [("apply", Declare::Apply), ("passive", Declare::Passive)];
    scalar::choice(tree, &choices, problems)
}

fn lease(tree: &Tree, problems: &Problems) -> Option<Duration> {
    scalar::duration_within(tree, LEASE_MIN..=LEASE_MAX, problems)
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

/// Of an address only that it is one; it is not repeated in the message, because a password may be in it.
pub(in super::super) fn amqp_url(tree: &Tree, problems: &Problems) -> Option<Secret> {
    problems.conceal(tree);
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

/// What every broker takes at the beginning of a name.
pub(super) fn prefix(tree: &Tree, problems: &Problems) -> Option<String> {
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

/// SQS takes less in a name: no dots, and 80 characters in all.
fn sqs_prefix(tree: &Tree, problems: &Problems) -> Option<String> {
    let text = scalar::text(tree, problems)?;
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=PREFIX_LENGTH_MAX).contains(&text.len()) && text.chars().all(legal) {
        return Some(text);
    }
    let help = format!("letters, digits, '-' and '_', at most {PREFIX_LENGTH_MAX}");
    let message = format!("no name of an SQS queue begins with {text:?}");
    problems.note(tree.span, Code::BadValue, message, Some(help));
    None
}
