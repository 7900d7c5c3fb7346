//! `minilab config`: which configuration a fleet follows.
use anyhow::{Context as _, Result};
use jiff::Timestamp;
use minilab_record::revision::{self, Revision};
use serde_json::json;

use crate::{
    cli,
    compose::{self, Places},
    config::Config,
    exit::Exit,
    speech::{self, Form},
};

pub async fn run(of: &cli::Config, form: Form) -> Result<Exit> {
    match of {
        cli::Config::Activate(args) => activate(args, form).await,
        cli::Config::Show(args) => show(args, form).await,
    }
}

async fn activate(args: &cli::Activate, form: Form) -> Result<Exit> {
    let config = Config::read(&args.config)?;
    let places = Places::of(&config)?;
    places.check()?;
    let state = compose::state(&places.state).await?;
    let digest = config.document.digest();
    let before = current(&*state).await?;
    let is_new = before.as_ref().is_none_or(|current| current.digest != digest);
    let number = if args.dry_run {
        before.map_or(0, |current| current.revision) + u64::from(is_new)
    } else {
        revision::activate(&*state, &digest, Timestamp::now())
            .await
            .context("the configuration cannot be put into force")?
    };
    let text = match (is_new, args.dry_run) {
        (true, true) => format!("revision {number} would be in force"),
        (true, false) => format!("revision {number} is in force"),
        (false, _) => format!("revision {number} is in force already"),
    };
    let value = json!({ "revision": number, "digest": digest, "changed": is_new && !args.dry_run });
    speech::result(form, || text, || value)?;
    Ok(Exit::Ok)
}

async fn show(args: &cli::OneConfig, form: Form) -> Result<Exit> {
    let config = Config::read(&args.config)?;
    let places = Places::of(&config)?;
    let state = compose::state(&places.state).await?;
    let digest = config.document.digest();
    let current = current(&*state).await?;
    let is_this = current.as_ref().is_some_and(|current| current.digest == digest);
    let text = || match &current {
        None => format!(
            "no configuration was ever put into force; {} has digest {digest}",
            args.config.display()
        ),
        Some(current) => format!(
            "revision {} since {}: digest {}{}",
            current.revision,
            current.activated,
            current.digest,
            if is_this {
                format!(", that of {}", args.config.display())
            } else {
                format!(
                    "; {} has digest {digest} and is not in force",
                    args.config.display()
                )
            }
        ),
    };
    let value = || {
        json!({
            "revision": current.as_ref().map(|current| current.revision),
            "digest": current.as_ref().map(|current| &current.digest),
            "activated": current.as_ref().map(|current| current.activated),
            "own_digest": digest,
            "in_force": is_this,
        })
    };
    speech::result(form, text, value)?;
    Ok(Exit::Ok)
}

async fn current(state: &dyn minilab_store::Store) -> Result<Option<Revision>> {
    revision::current(state)
        .await
        .context("the configuration in force cannot be read")
}
