//! Who is told what has become of originals. It affects nothing that is made.
use std::collections::{BTreeMap, BTreeSet};

use super::Declare;
use super::operation::{SqsService, amqp_url, sqs_service};
use super::read::{Fields, Problems, entries, one_or_many};
use super::scalar;
use super::secret::Secret;
use super::tree::Tree;
use crate::diagnostic::Code;

/// One receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it wants to hear of.
    pub on: BTreeSet<Occasion>,
    /// Where it is.
    pub to: Receiver,
}

/// What may be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// A lane's files are there.
    Ready,
    /// All lanes are decided.
    Complete,
    /// Nothing of a lane can be made.
    Failed,
    /// The original is gone.
    Deleted,
}

/// Where a receiver is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Receiver {
    /// Behind an HTTP address.
    Webhook(WebhookTarget),
    /// Behind an exchange of a RabbitMQ broker.
    RabbitMq(ExchangeTarget),
    /// Behind a queue of SQS.
    Sqs(QueueTarget),
}

/// An HTTP address that takes signed requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    /// It may hold a token.
    pub url: Secret,
    /// `whsec_` and base64; several while one takes the place of another.
    pub secrets: Vec<Secret>,
    /// May it lie in a private network, or on this machine?
    pub allow_private: bool,
}

/// An exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeTarget {
    /// Its broker; `None`: the one where jobs wait.
    pub url: Option<Secret>,
    /// Its name.
    pub exchange: String,
    /// Who makes it.
    pub declare: Declare,
}

/// A queue of SQS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueTarget {
    /// Whose queue; where nothing is said, as where jobs wait.
    pub service: SqsService,
    /// Its name or address.
    pub queue: String,
}

const OCCASIONS: [(&str, Occasion); 4] = [
    ("ready", Occasion::Ready),
    ("complete", Occasion::Complete),
    ("failed", Occasion::Failed),
    ("deleted", Occasion::Deleted),
];
/// Leaves room for the longest key of an original in the name of an object of state.
const NAME_BYTES_MAX: usize = 32;
/// Two while one takes the place of another; more is a mistake.
const SECRETS_MAX: usize = 4;
/// Base64 of 24 to 64 bytes.
const SECRET_CHARS: std::ops::RangeInclusive<usize> = 32..=88;
/// AMQP's longest name.
const EXCHANGE_BYTES_MAX: usize = 255;

pub(super) fn targets(tree: &Tree, problems: &Problems) -> Option<BTreeMap<String, Target>> {
    let mut targets = BTreeMap::new();
    let mut whole = true;
    for (name, tree) in entries("notify", tree, problems)? {
        if name.text.len() > NAME_BYTES_MAX {
            let help = format!("at most {NAME_BYTES_MAX} characters");
            let message = "the name of this target is too long";
            problems.note(name.span, Code::BadValue, message, Some(help));
        }
        match target(tree, problems) {
            Some(target) => {
                targets.insert(name.text.clone(), target);
            }
            None => whole = false,
        }
    }
    whole.then_some(targets)
}

fn target(tree: &Tree, problems: &Problems) -> Option<Target> {
    let mut fields = Fields::open("target", tree, problems)?;
    let webhook = fields.read("webhook", webhook).map(Receiver::Webhook);
    let rabbitmq = fields.read("rabbitmq", exchange).map(Receiver::RabbitMq);
    let sqs = fields.read("sqs", queue).map(Receiver::Sqs);
    let on = fields.read("on", occasions);
    let named = ["webhook", "rabbitmq", "sqs"]
        .iter()
        .filter(|key| fields.has(key));
    if named.count() != 1 {
        let help =
            "write { webhook: { url: https://example.com/derivatives, secret: \"${WEBHOOK_SECRET}\" } }";
        let message = "exactly one of webhook, rabbitmq and sqs belongs here";
        problems.note(fields.span(), Code::MissingKey, message, Some(help.to_owned()));
    }
    fields.close();
    Some(Target {
        on: on.unwrap_or_else(|| OCCASIONS.map(|(_, occasion)| occasion).into()),
        to: webhook.or(rabbitmq).or(sqs)?,
    })
}

fn occasions(tree: &Tree, problems: &Problems) -> Option<BTreeSet<Occasion>> {
    let on = one_or_many(tree, problems, |tree, problems| {
        scalar::choice(tree, &OCCASIONS, problems)
    })?;
    if on.is_empty() {
        let help = "leave it out to hear of everything, or name some of ready, complete, failed, deleted";
        problems.note(
            tree.span,
            Code::BadValue,
            "this target hears of nothing",
            Some(help.to_owned()),
        );
    }
    Some(on.into_iter().collect())
}

fn webhook(tree: &Tree, problems: &Problems) -> Option<WebhookTarget> {
    let mut fields = Fields::open("webhook_target", tree, problems)?;
    let allow_http = fields.read("allow_http", scalar::boolean).unwrap_or(false);
    let allow_private = fields.read("allow_private", scalar::boolean).unwrap_or(false);
    let url = fields.require("url", |tree, problems| url(tree, allow_http, problems));
    let secrets = fields.require("secret", secrets);
    fields.close();
    Some(WebhookTarget {
        url: url?,
        secrets: secrets?,
        allow_private,
    })
}

/// Not repeated in messages: a token may be in it.
fn url(tree: &Tree, allow_http: bool, problems: &Problems) -> Option<Secret> {
    problems.conceal(tree);
    let text = scalar::text(tree, problems)?;
    let refuse = |message: &str, help: &str| {
        if !problems.is_noted(tree.span) {
            problems.note(tree.span, Code::BadValue, message, Some(help.to_owned()));
        }
        None
    };
    let (scheme, rest) = text.split_once("://").unwrap_or(("", ""));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_plain =
        !host.is_empty() && !host.contains('@') && text.bytes().all(|byte| byte.is_ascii_graphic());
    match scheme {
        "https" | "http" if !is_plain => refuse(
            "this is no address of a webhook",
            "https://host/path, without user and password; what is not ASCII percent-encoded",
        ),
        "https" => Some(Secret::new(text)),
        "http" if allow_http || is_loopback(host) => Some(Secret::new(text)),
        "http" => refuse(
            "notifications would travel in the clear",
            "write https://, or allow_http: true if nobody can listen in",
        ),
        _ => refuse("this is no address of a webhook", "https://host/path"),
    }
}

fn secrets(tree: &Tree, problems: &Problems) -> Option<Vec<Secret>> {
    let secrets = one_or_many(tree, problems, secret)?;
    if (1..=SECRETS_MAX).contains(&secrets.len()) {
        return Some(secrets);
    }
    let help = format!("1 to {SECRETS_MAX}: the new one and those that it takes the place of");
    problems.note(
        tree.span,
        Code::BadValue,
        "these are not the secrets of a webhook",
        Some(help),
    );
    None
}

/// The form of Standard Webhooks.
fn secret(tree: &Tree, problems: &Problems) -> Option<Secret> {
    problems.conceal(tree);
    let text = scalar::text(tree, problems)?;
    let encoded = text.strip_prefix("whsec_").unwrap_or_default();
    let digits = encoded.trim_end_matches('=');
    let is_base64 = digits
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    let is_padded = encoded.len() % 4 == 0 && encoded.len() - digits.len() <= 2;
    if SECRET_CHARS.contains(&encoded.len()) && is_base64 && is_padded {
        return Some(Secret::new(text));
    }
    if !problems.is_noted(tree.span) {
        let help = "whsec_ and the base64 of 24 to 64 random bytes: echo whsec_$(openssl rand -base64 32)";
        let message = "this is no secret of a webhook";
        problems.note(tree.span, Code::BadValue, message, Some(help.to_owned()));
    }
    None
}

fn exchange(tree: &Tree, problems: &Problems) -> Option<ExchangeTarget> {
    let mut fields = Fields::open("exchange", tree, problems)?;
    let url = fields.read("url", amqp_url);
    let exchange = fields.require("exchange", |tree, problems| {
        let text = scalar::text(tree, problems)?;
        let fits = (1..=EXCHANGE_BYTES_MAX).contains(&text.len());
        if !fits && !problems.is_noted(tree.span) {
            let help = format!("1 to {EXCHANGE_BYTES_MAX} bytes");
            problems.note(
                tree.span,
                Code::BadValue,
                "this is no name of an exchange",
                Some(help),
            );
        }
        fits.then_some(text)
    });
    let declare = fields.read("declare", super::operation::declare);
    fields.close();
    Some(ExchangeTarget {
        url,
        exchange: exchange?,
        // It is somebody else's as often as ours.
        declare: declare.unwrap_or(Declare::Passive),
    })
}

fn queue(tree: &Tree, problems: &Problems) -> Option<QueueTarget> {
    let mut fields = Fields::open("queue_target", tree, problems)?;
    let service = sqs_service(&mut fields);
    let queue = fields.require("queue", scalar::text);
    fields.close();
    Some(QueueTarget {
        service,
        queue: queue?,
    })
}

/// Nobody can listen in on what does not leave this machine.
fn is_loopback(host: &str) -> bool {
    let port = |rest: &str| rest.is_empty() || rest.starts_with(':');
    ["localhost", "127.0.0.1", "[::1]"]
        .iter()
        .any(|name| host.strip_prefix(name).is_some_and(port))
}
