//! How the program runs: queue, intake, serving. None of it affects what is made.
use std::net::SocketAddr;
use std::path::PathBuf;

use super::read::{Fields, Problems, list, not_supported};
use super::tree::{Tree, Value};
use super::{path, scalar};
use crate::diagnostic::Code;

/// Where jobs wait.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueueConfig {
    /// A file of this machine.
    Sqlite(PathBuf),
}

/// How uploads are noticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Intake {
    /// By the file system, for `from: { folder: ... }`.
    Watch,
}

pub(super) fn queue(tree: &Tree, problems: &Problems) -> Option<QueueConfig> {
    let mut fields = Fields::open("queue", tree, problems)?;
    fields.planned(&["rabbitmq", "sqs"]);
    let planned = fields.has("rabbitmq") || fields.has("sqs");
    let sqlite = if planned {
        fields.read("sqlite", path)
    } else {
        fields.require("sqlite", path)
    };
    fields.close();
    sqlite.map(QueueConfig::Sqlite)
}

pub(super) fn intake(tree: &Tree, problems: &Problems) -> Option<Vec<Intake>> {
    list(tree, problems, |tree, problems| {
        if let Value::Map(entries) = &tree.value {
            for (name, _) in entries {
                not_supported(name.span, &format!("the intake {:?}", name.text), problems);
            }
            return None;
        }
        let known = [
            ("watch", Some(Intake::Watch)),
            ("poll", None),
            ("webhook", None),
            ("sqs", None),
            ("rabbitmq", None),
        ];
        let intake = scalar::choice(tree, &known, problems)?;
        if intake.is_none() {
            not_supported(tree.span, "this intake", problems);
        }
        intake
    })
}

/// `127.0.0.1:8080`, or a port on loopback.
pub(super) fn serve(tree: &Tree, problems: &Problems) -> Option<SocketAddr> {
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
