//! `minilab events`: how a bucket tells of uploads.
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `minilab events`
#[derive(Debug, Subcommand)]
pub enum Events {
    /// Let the bucket of originals tell the queue of `intake: [sqs]` of uploads; what others have set stays
    Setup(SetUp),
}

/// `minilab events setup`
#[derive(Debug, Args)]
pub struct SetUp {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The way that events take
    #[arg(long, value_enum, default_value = "sqs")]
    pub via: ViaName,
    /// The topic, for `--via sns`
    #[arg(long, required_if_eq("via", "sns"), value_name = "ARN")]
    pub topic: Option<String>,
    /// Name of our entry; another one for each installation on the same bucket
    #[arg(long, default_value = "minilab", value_parser = id, value_name = "NAME")]
    pub id: String,
    /// Let an entry or statement of our name give way that is not known to be ours
    #[arg(long)]
    pub replace: bool,
    /// Tell what is missing, and change nothing: exit 3 if something is
    #[arg(long)]
    pub dry_run: bool,
}

/// Ways as the command line spells them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ViaName {
    /// From the bucket into the queue
    Sqs,
    /// From the bucket to a topic that feeds the queue
    Sns,
    /// From the bucket to EventBridge, where a rule feeds the queue
    #[value(name = "eventbridge")]
    EventBridge,
}

/// What rules of EventBridge may be called; entries may be called more.
fn id(text: &str) -> Result<String, String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if (1..=64).contains(&text.len()) && text.chars().all(legal) {
        return Ok(text.to_owned());
    }
    Err("letters, digits, '.', '-' and '_', at most 64".to_owned())
}
