//! Logs: lines on stderr for people or for machines; stdout belongs to what a command answers.
use std::io::IsTerminal as _;

use tracing_subscriber::{EnvFilter, fmt};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// For people; coloured on a terminal.
    #[default]
    Pretty,
    /// One JSON object per line, fields at its top level.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// How lines look.
    pub form: Form,
    /// A level (`info`) or directives (`info,minilab_worker=debug`).
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            form: Form::default(),
            filter: "info".to_owned(),
        }
    }
}

/// What drivers log below these levels holds what they send: passwords, tokens, signed requests. A directive of the operator
/// that names one of them wins. lapin also calls everything an error that it answers, and that is told where it matters.
const DRIVERS: &str = "lapin=off,amq_protocol=off,hyper=info,hyper_util=info,hyper_rustls=info,rustls=info,aws_config=info,\
    aws_runtime=info,aws_sigv4=info,aws_smithy_runtime=info,aws_smithy_runtime_api=info,aws_smithy_http_client=info,\
    aws_sdk_s3=info,aws_sdk_sqs=info,aws_sdk_sso=info,aws_sdk_ssooidc=info,aws_sdk_sts=info";

/// Why logging cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidFilter {
    /// It does not parse.
    #[error(
        "the log filter {filter:?} is none: write a level (`info`) or directives (`info,minilab_worker=debug`)"
    )]
    Malformed {
        /// As given.
        filter: String,
        /// What does not parse.
        #[source]
        cause: tracing_subscriber::filter::ParseError,
    },
    /// A process has one logger.
    #[error("logging is already set up in this process")]
    AlreadySet,
}

/// Sets up the process's logger. Once.
pub fn init(config: &LogConfig) -> Result<(), InvalidFilter> {
    let filter = parse(&config.filter)?;
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let set = match config.form {
        Form::Json => builder
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .try_init(),
        Form::Pretty => builder
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .try_init(),
    };
    set.map_err(|_| InvalidFilter::AlreadySet)
}

fn parse(filter: &str) -> Result<EnvFilter, InvalidFilter> {
    let alone = EnvFilter::builder().parse(filter);
    alone
        .and_then(|_| EnvFilter::builder().parse(format!("{DRIVERS},{filter}")))
        .map_err(|cause| InvalidFilter::Malformed {
            filter: filter.to_owned(),
            cause,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_does_not_parse_is_told_with_the_form_expected() {
        assert!(parse("info,minilab_worker=debug").is_ok());
        let told = parse("minilab=loud").unwrap_err().to_string();
        assert!(
            told.contains("\"minilab=loud\"") && told.contains("write a level"),
            "{told}"
        );
    }

    #[test]
    fn drivers_are_quiet_at_every_level_unless_they_are_named() {
        let filter = |text: &str| parse(text).unwrap().to_string();
        assert!(filter("trace").contains("lapin=off") && filter("trace").contains("aws_sigv4=info"));
        let named = filter("info,lapin=trace");
        assert!(
            named.contains("lapin=trace") && !named.contains("lapin=off"),
            "{named}"
        );
    }

    #[test]
    fn a_process_has_one_logger() {
        assert!(init(&LogConfig::default()).is_ok());
        assert!(matches!(
            init(&LogConfig::default()),
            Err(InvalidFilter::AlreadySet)
        ));
    }
}
