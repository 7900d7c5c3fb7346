//! `minilab dead`: what was given up, as failure records tell it. The same on every broker.
mod letters;
mod ls;
mod purge;
mod redrive;
mod show;

use std::path::Path;

use anyhow::Result;
use minilab_record::Failures;

use crate::{
    cli::Dead,
    compose::{Places, state_made_before},
    config::Config,
    exit::Exit,
    speech::Form,
};

pub async fn run(what: &Dead, form: Form) -> Result<Exit> {
    match what {
        Dead::Ls(args) => ls::run(args, form).await,
        Dead::Show(args) => show::run(args, form).await,
        Dead::Redrive(args) => redrive::run(args, form).await,
        Dead::Purge(args) => purge::run(args, form).await,
    }
}

/// The failure records of an installation. Beside whoever works on it: nothing is locked.
async fn failures(config: &Path) -> Result<Failures> {
    let places = Places::of(&Config::read(config)?)?;
    let state = state_made_before(&places.state, &places.to).await?;
    Ok(Failures::new(state))
}
