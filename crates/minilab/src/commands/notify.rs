//! `minilab notify replay`: what a receiver has not taken is told again at once.
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use minilab_notify::{Outboxes, Replayed, replay};
use minilab_telemetry::Metrics;
use serde_json::json;

use crate::{
    cli::{Notify, Replay},
    compose::{self, Backing, Places},
    config::Config,
    exit::{Exit, Refusal},
    speech::{self, Form},
    units::count,
};

pub async fn run(what: &Notify, form: Form) -> Result<Exit> {
    let Notify::Replay(args) = what;
    let config = Config::read(&args.config)?;
    if !config.document.notify.contains_key(&args.target) {
        let known: Vec<_> = config.document.notify.keys().map(String::as_str).collect();
        let sentence = format!(
            "the configuration names no receiver {:?} under `notify`",
            args.target
        );
        let fix = format!("known are: {}", known.join(", "));
        return Err(Refusal::new(Exit::Config, sentence, fix).into());
    }
    let (found, done) = if args.dry_run {
        let state = compose::state(&Places::of(&config)?.state).await?;
        (
            wake(&Outboxes::new(state), None, args).await?,
            "would be told again",
        )
    } else {
        let backing = connect(&config).await?;
        let outboxes = Outboxes::new(Arc::clone(&backing.stores.state));
        let found = wake(&outboxes, Some(&backing), args).await;
        backing.queue.close().await;
        (found?, "are told again")
    };
    let text = || {
        let (originals, waiting) = (found.originals as usize, found.notifications as usize);
        let given_up = match found.given_up {
            0 => String::new(),
            some => format!(", {some} of them given up before"),
        };
        format!(
            "{} of {}{given_up}: {done}",
            count(waiting, "notification"),
            count(originals, "original")
        )
    };
    let value = json!({
        "target": args.target, "dry_run": args.dry_run, "originals": found.originals,
        "notifications": found.notifications, "given_up": found.given_up,
    });
    speech::result(form, text, || value)?;
    Ok(Exit::Ok)
}

async fn wake(outboxes: &Outboxes, backing: Option<&Backing>, args: &Replay) -> Result<Replayed> {
    let queue = backing.map(|backing| &backing.queue);
    let which = (args.target.as_str(), args.prefix.as_str());
    Ok(replay(outboxes, queue, which, Timestamp::now()).await?)
}

async fn connect(config: &Config) -> Result<Backing> {
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    Backing::connect(config, &metrics).await.map_err(|error| {
        match error.downcast_ref::<minilab_queue::Error>() {
            Some(minilab_queue::Error::Unusable { .. }) => {
                let fix = "a SQLite queue belongs to one process: stop `minilab standalone`, tell again, start it again";
                Refusal::new(Exit::Config, format!("{error:#}"), fix).into()
            }
            _ => error,
        }
    })
}
