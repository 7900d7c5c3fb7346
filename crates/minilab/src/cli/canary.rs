//! `minilab canary`: does an upload become files?
use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::duration;

/// `minilab canary`
#[derive(Debug, Args)]
pub struct Canary {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Key of the picture that is uploaded: one that a rule takes and that nobody else uses
    #[arg(long)]
    pub key: String,
    /// How long to wait until all is made, and again until the deletion has been noticed
    #[arg(long, default_value = "2m", value_parser = duration, value_name = "DURATION")]
    pub within: Duration,
}
