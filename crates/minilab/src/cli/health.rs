//! `minilab health`: can a process on this machine do its work?
use std::{net::SocketAddr, time::Duration};

use clap::Args;

use super::duration;

/// `minilab health`
#[derive(Debug, Args)]
pub struct Health {
    /// Where it listens; may be given more than once
    /// [default: whatever answers at 127.0.0.1:8080, 127.0.0.1:9090 and 127.0.0.1:9091]
    #[arg(long, value_name = "ADDRESS")]
    pub at: Vec<SocketAddr>,
    /// Ask only whether it lives, not whether it can do its work
    #[arg(long)]
    pub live: bool,
    /// How long to wait for an answer
    #[arg(long, default_value = "3s", value_parser = duration, value_name = "DURATION")]
    pub within: Duration,
}
