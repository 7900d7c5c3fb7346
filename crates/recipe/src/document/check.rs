//! What must hold across the parts of a document.
use std::path::{Component, Path, PathBuf};

use super::read::{Problems, suggestion};
use super::tree::{Tree, Value};
use super::{Document, Intake, Location, QueueConfig, Receiver, Target};
use crate::diagnostic::{Code, Span};

/// Without rules the recipe for every key is the only one there is.
pub(super) fn only_recipe(root: &Tree, recipes: Option<&[String]>, problems: &Problems) -> Option<String> {
    let recipes = recipes?;
    if let [only] = recipes {
        return Some(only.clone());
    }
    if recipes.iter().any(|name| name == "default") {
        return Some("default".to_owned());
    }
    let names: Vec<_> = recipes.iter().map(String::as_str).collect();
    let help = format!(
        "write rules:, such as [{{ recipe: {} }}]; {}",
        names.first()?,
        suggestion("", &names)
    );
    let message = "several recipes, none called \"default\", and no rules to choose by";
    problems.note(span_of(root, "recipes"), Code::MissingKey, message, Some(help));
    None
}

/// Files must not come back as originals: outputs and originals may not lie inside each other.
pub(super) fn places(root: &Tree, document: &Document, problems: &Problems) {
    if overlap(&document.from, &document.to.location) {
        let help = "two folders (or prefixes) side by side, none inside the other".to_owned();
        let message = "\"to\" overlaps \"from\": files would be taken for originals";
        problems.note(span_of(root, "to"), Code::Conflict, message, Some(help));
    }
    if document
        .state
        .as_ref()
        .is_some_and(|state| overlap(&document.from, state))
    {
        let help = "records need a place of their own".to_owned();
        problems.note(
            span_of(root, "state"),
            Code::Conflict,
            "\"state\" overlaps \"from\"",
            Some(help),
        );
    }
}

/// Uploads must be noticed by something that can, and each way stands there once.
pub(super) fn operation(root: &Tree, document: &Document, problems: &Problems) {
    let conflict = |key: &str, message: String, help: &str| {
        problems.note(span_of(root, key), Code::Conflict, message, Some(help.to_owned()));
    };
    let intakes = &document.intake;
    let is_bucket = matches!(document.from, Location::S3(_));
    if is_bucket && !has(root, "intake") {
        let help = "such as intake: [{ poll: { every: 5min } }], [rabbitmq] or [sqs]".to_owned();
        let message = "\"intake\" must say how uploads into a bucket are noticed";
        problems.note(span_of(root, "from"), Code::MissingKey, message, Some(help));
    }
    if !is_bucket && document.reads_tags() {
        let help = "drop read_tags; metadata of a file may lie beside it";
        conflict(
            "recipes",
            "folders keep no tags that could be read".to_owned(),
            help,
        );
    }
    if is_bucket && intakes.contains(&Intake::Watch) {
        let help = "only a folder can: write { poll: { every: 5min } } or rabbitmq";
        conflict("intake", "a bucket cannot be watched".to_owned(), help);
    }
    for (index, intake) in intakes.iter().enumerate() {
        if intakes[..index]
            .iter()
            .any(|earlier| earlier.name() == intake.name())
        {
            conflict(
                "intake",
                format!("the intake {:?} is there twice", intake.name()),
                "keep one",
            );
        }
    }
    let shares_broker = matches!(document.queue, Some(QueueConfig::RabbitMq(_)));
    let lacks_url = |intake: &Intake| matches!(intake, Intake::RabbitMq(events) if events.url.is_none());
    if !shares_broker && intakes.iter().any(lacks_url) {
        let help = "write { rabbitmq: { url: \"${AMQP_URL}\" } }, or let jobs wait in RabbitMQ, too";
        conflict("intake", "the intake \"rabbitmq\" has no broker".to_owned(), help);
    }
    // An address says where its queue is; a name, or nothing, is one of the service that the jobs are in.
    let lacks_service = |intake: &Intake| matches!(intake, Intake::Sqs(events) if events.queue.is_none());
    if !matches!(document.queue, Some(QueueConfig::Sqs(_))) && intakes.iter().any(lacks_service) {
        let help =
            "write { sqs: { queue: minilab-events, region: eu-central-1 } }, or let jobs wait in SQS, too";
        conflict("intake", "the intake \"sqs\" has no queue".to_owned(), help);
    }
    let lacks_broker =
        |target: &Target| matches!(&target.to, Receiver::RabbitMq(exchange) if exchange.url.is_none());
    for (name, _) in document.notify.iter().filter(|(_, target)| lacks_broker(target)) {
        if !shares_broker {
            let help = "write { rabbitmq: { exchange: derivatives, url: \"${AMQP_URL}\" } }, or let jobs wait in RabbitMQ, too";
            conflict("notify", format!("the target {name:?} has no broker"), help);
        }
    }
    let taken =
        |intake: &Intake| matches!(intake, Intake::Webhook(hook) if Some(hook.listen) == document.serve);
    if intakes.iter().any(taken) {
        conflict(
            "intake",
            "the webhook listens where files are served".to_owned(),
            "take another port",
        );
    }
}

/// Whatever names a store names one that there is.
pub(super) fn stores(document: &Document, problems: &Problems) {
    let known: Vec<&str> = document.stores.keys().map(String::as_str).collect();
    for (name, span) in problems.stores_mentioned() {
        if known.contains(&name.as_str()) {
            continue;
        }
        let help = if known.is_empty() {
            format!("add it: stores: {{ {name}: {{ folder: ./{name} }} }}")
        } else {
            suggestion(&name, &known)
        };
        problems.note(
            span,
            Code::UnknownName,
            format!("there is no store {name:?}"),
            Some(help),
        );
    }
}

fn overlap(one: &Location, other: &Location) -> bool {
    match (one, other) {
        (Location::Folder(one), Location::Folder(other)) => {
            let (one, other) = (plain(one), plain(other));
            one.starts_with(&other) || other.starts_with(&one)
        }
        (Location::S3(one), Location::S3(other)) => {
            one.is_same_bucket(other)
                && (one.prefix.starts_with(&other.prefix) || other.prefix.starts_with(&one.prefix))
        }
        _ => false,
    }
}

/// `./photos` is `photos`. Links are not looked at: the composer sees the real folders.
fn plain(path: &Path) -> PathBuf {
    path.components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect()
}

fn has(root: &Tree, key: &str) -> bool {
    matches!(&root.value, Value::Map(entries) if entries.iter().any(|(name, _)| name.text == key))
}

fn span_of(root: &Tree, key: &str) -> Span {
    let Value::Map(entries) = &root.value else {
        return root.span;
    };
    entries
        .iter()
        .find(|(name, _)| name.text == key)
        .map_or(root.span, |(name, _)| name.span)
}
