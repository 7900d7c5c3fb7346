//! `minilab notify`: its command line.
use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::Timestamp;

/// `minilab notify`
#[derive(Debug, Subcommand)]
pub enum Notify {
    /// Tell a receiver at once what it has not taken, also what was given up
    Replay(Replay),
}

/// `minilab notify replay`
#[derive(Debug, Args)]
pub struct Replay {
    /// Configuration that says where records are and where jobs wait
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// The receiver, as `notify` in the configuration names it
    #[arg(long, value_name = "NAME")]
    pub target: String,
    /// Of originals whose keys begin with this
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    pub prefix: String,
    /// Tell it everything that records say, also what it has taken, and what was said before it was there
    #[arg(long, conflicts_with = "since")]
    pub all: bool,
    /// The same of records that have changed since this time (2026-01-02T03:04:05Z)
    #[arg(long, value_name = "TIME")]
    pub since: Option<Timestamp>,
    /// Only say how much it would be
    #[arg(long)]
    pub dry_run: bool,
}
