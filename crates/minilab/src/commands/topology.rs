//! `minilab topology`: exchanges and queues of the broker.
use anyhow::Result;
use serde_json::json;

use crate::{
    cli::Topology,
    compose::{self, Places},
    config::Config,
    exit::Exit,
    speech::{self, Form},
};

pub async fn run(of: &Topology, form: Form) -> Result<Exit> {
    let found = match of {
        Topology::Check(args) => compose::check_topology(&queue(&args.config)?).await?,
        Topology::Apply(args) => compose::apply_topology(&queue(&args.config)?).await?,
    };
    let text = || {
        let made = found.made.iter().map(|made| format!("{made}: made\n"));
        let wrong = found.wrong.iter().map(|wrong| format!("{wrong}\n"));
        let lines: Vec<_> = made.chain(wrong).collect();
        if lines.is_empty() {
            "everything is as it should be".to_owned()
        } else {
            lines.concat()
        }
    };
    speech::result(form, text, || json!({ "made": found.made, "wrong": found.wrong }))?;
    Ok(if found.wrong.is_empty() {
        Exit::Ok
    } else {
        Exit::SomeFailed
    })
}

fn queue(config: &std::path::Path) -> Result<minilab_recipe::QueueConfig> {
    Ok(Places::of(&Config::read(config)?)?.queue)
}
