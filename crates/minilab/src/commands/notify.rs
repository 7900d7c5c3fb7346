//! `minilab notify replay`: what a receiver has not taken is told again at once, or all that the records say.
use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use anyhow::Result;
use jiff::Timestamp;
use minilab_notify::{Outboxes, Replayed, Retelling, listeners, replay, retell, sayings};
use minilab_protos::notification::Notification;
use minilab_queue::Queue;
use minilab_recipe::{Decision, Document};
use minilab_record::{PublicUrls, Record, Records};
use minilab_store::Store;
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
            find(&config.document, state, None, args).await?,
            "would be told again",
        )
    } else {
        let backing = connect(&config).await?;
        let state = Arc::clone(&backing.stores.state);
        let found = find(&config.document, state, Some(&backing.queue), args).await;
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

/// Without a queue nothing is changed.
async fn find(
    document: &Document,
    state: Arc<dyn Store>,
    queue: Option<&Arc<dyn Queue>>,
    args: &Replay,
) -> Result<Replayed> {
    let outboxes = Outboxes::new(Arc::clone(&state));
    let now = Timestamp::now();
    if !args.all && args.since.is_none() {
        let which = (args.target.as_str(), args.prefix.as_str());
        return Ok(replay(&outboxes, queue, which, now).await?);
    }
    let all = listeners(document);
    let listener = all.iter().find(|listener| listener.name == args.target);
    let what = Retelling {
        prefix: &args.prefix,
        since: args.since.map(SystemTime::from),
        sayings: |record: &Record| said(document, record),
    };
    let listener = listener.expect("the target is one of the document's");
    Ok(retell(&outboxes, &Records::new(state), queue, listener, what, now).await?)
}

/// As the worker says it that has swapped the record.
fn said(document: &Document, record: &Record) -> Vec<Notification> {
    let recipe = match document.decide(&record.key) {
        Decision::Recipe { recipe, .. } => Some(recipe),
        Decision::Nothing => None,
    };
    let lanes = recipe.map_or_else(BTreeMap::new, |recipe| {
        let lanes = recipe.lanes().into_iter();
        lanes.map(|lane| (lane, recipe.lane_digest(lane))).collect()
    });
    let urls = PublicUrls {
        base: document.to.url.as_deref().unwrap_or_default(),
        recipe,
    };
    sayings(record, &lanes, &urls)
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
