//! The one user-facing program. It parses, composes, runs and says how it went; the work is the libraries'.
//!
//! It never links libvips: only `minilab-renderer` beside it does.
#![allow(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "pages and reports are built once per command, where text that reads like its result beats an allocation"
)]
mod cli;
mod commands;
mod compose;
mod config;
#[cfg(feature = "s3")]
mod events;
mod exit;
mod gallery;
mod harmless;
mod log;
mod policy;
mod probes;
mod progress;
mod readiness;
mod role;
mod serve;
mod sheet;
mod speech;
mod stop;
mod table;
mod traces;
mod tree;
mod units;
mod url;

use std::{io, process::ExitCode};

use clap::Parser as _;

use crate::{cli::Cli, exit::Exit};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let form = cli.speech.form();
    let ended = match run(cli) {
        Ok(exit) => exit,
        // Whoever read our output has seen enough.
        Err(error) if is_closed_pipe(&error) => Exit::Ok,
        Err(error) => {
            speech::error(form, &error);
            exit::of(&error)
        }
    };
    ExitCode::from(ended.code())
}

fn run(cli: Cli) -> anyhow::Result<Exit> {
    let form = cli.speech.form();
    log::start(&cli.speech, &cli.command)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(commands::run(cli.command, form))
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let pipe = |cause: &io::Error| cause.kind() == io::ErrorKind::BrokenPipe;
    error.chain().filter_map(|cause| cause.downcast_ref()).any(pipe)
}
