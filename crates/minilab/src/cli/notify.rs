//! `minilab notify`: its command line.
use std::path::PathBuf;

use clap::{Args, Subcommand};

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
    /// Only say how much it would be
    #[arg(long)]
    pub dry_run: bool,
}
