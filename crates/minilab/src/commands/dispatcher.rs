//! `minilab dispatcher`: uploads in, jobs out; reconcile and sweep.
use anyhow::{Context as _, Result};
use minilab_dispatcher::{Ready, Sharing};

use crate::{
    cli, compose,
    config::Config,
    exit::Exit,
    readiness::Part,
    role::{self, Terms},
    speech::Form,
};

/// What it makes no jobs with: it goes on to send jobs while files cannot be written, and to take events while another
/// configuration replaces its own.
const TOLERATES: &[Part] = &[Part::Files, Part::Configuration];

pub async fn run(args: cli::Dispatcher, form: Form) -> Result<Exit> {
    let terms = Terms {
        name: "dispatcher",
        config: Config::read(&args.role.config)?,
        listen: args.listen,
        grace: args.role.grace,
        start_timeout: args.role.start_timeout,
        tolerates: TOLERATES,
        form,
    };
    role::live(terms, async |backing, revision, around| {
        let dispatcher = compose::dispatcher(backing, revision, Sharing::Fleet).await?;
        around.follow(dispatcher.ready(), unready);
        let stop = around.stop.clone();
        Ok(async move {
            let ended = dispatcher.run(stop.drain, stop.abort).await;
            ended.context("the dispatcher has stopped")
        })
    })
    .await
}

/// What it has not.
fn unready(ready: &Ready) -> Option<String> {
    match ready {
        Ready::Yes => None,
        Ready::No(reason) => Some(reason.clone()),
    }
}
