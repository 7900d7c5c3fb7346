//! `minilab doctor`: does everything that an installation needs work?
use std::path::PathBuf;

use clap::Args;

use super::RendererPath;

/// `minilab doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    #[command(flatten)]
    pub renderer: RendererPath,
}
