//! `minilab reconcile` and `minilab sweep`: one pass now.
use std::path::PathBuf;

use clap::Args;

/// `minilab reconcile`
#[derive(Debug, Args)]
pub struct Reconcile {
    #[command(flatten)]
    pub pass: Pass,
    /// Compare only originals whose keys begin with this
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    pub prefix: String,
}

/// `minilab sweep`
#[derive(Debug, Args)]
pub struct Sweep {
    #[command(flatten)]
    pub pass: Pass,
}

/// What both have in common.
#[derive(Debug, Args)]
pub struct Pass {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Read everything: reconcile all records, also those younger than their original; sweep all files, also those that no
    /// record ever named
    #[arg(long)]
    pub full: bool,
    /// Do what is found, however much it is: the brake does not hold
    #[arg(long)]
    pub allow: bool,
    /// Tell what would be done, and change nothing
    #[arg(long, conflicts_with = "allow")]
    pub dry_run: bool,
    /// Tell of the passes that were made, of the one under way, and of what the brake holds
    #[arg(long, conflicts_with_all = ["full", "allow", "dry_run"])]
    pub status: bool,
}
