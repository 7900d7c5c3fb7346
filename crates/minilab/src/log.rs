//! Logs of this process, as the command line asks for them.
use std::io::{self, IsTerminal as _};

use anyhow::Result;
use minilab_telemetry::{Form, LogConfig};

use crate::{
    cli::{Command, LogFormat, Speech},
    exit::{Exit, Refusal},
};

/// Sets it up. Commands that end by themselves report what they do, and on a terminal a bar shows how far a standalone is;
/// elsewhere a service's log is its report.
pub fn start(speech: &Speech, command: &Command) -> Result<()> {
    let form = match speech.log_format {
        LogFormat::Pretty => Form::Pretty,
        LogFormat::Auto if io::stderr().is_terminal() => Form::Pretty,
        LogFormat::Auto | LogFormat::Json => Form::Json,
    };
    let default = match command {
        Command::Dispatcher(_) | Command::Worker(_) => "info",
        Command::Standalone(_) if !io::stderr().is_terminal() => "info",
        _ => "warn",
    };
    let filter = match &speech.log_level {
        Some(filter) => filter.clone(),
        None => default.to_owned(),
    };
    minilab_telemetry::init(&LogConfig { form, filter })
        .map_err(|error| Refusal::new(Exit::Usage, error.to_string(), "for example --log-level debug").into())
}
