//! What is known of passes, whoever makes them.
use std::sync::Arc;

use anyhow::{Context as _, Result};
use minilab_dispatcher::{Ledger, Sharing, Turns, Way};
use minilab_queue::SystemClock;

use crate::{
    cli,
    compose::{Places, state_made_before},
    config::Config,
    exit::Exit,
    speech::{self, Form},
};

/// Tells it. Locks nothing and changes nothing, so it may run beside a standalone.
pub async fn tell<W: Way>(args: &cli::Pass, form: Form, counts: fn(&W) -> String) -> Result<Exit> {
    let places = Places::of(&Config::read(&args.config)?)?;
    let state = state_made_before(&places.state, &places.to).await?;
    let mut turns = Turns::<W>::new(state, Arc::new(SystemClock::default()), Sharing::Fleet);
    let ledger = turns
        .look()
        .await
        .context("the ledger of passes cannot be read")?;
    let value = serde_json::to_value(ledger)?;
    speech::result(form, || text(ledger, counts), || value)?;
    Ok(Exit::Ok)
}

fn text<W: Way>(ledger: &Ledger<W>, counts: fn(&W) -> String) -> String {
    let mut text = String::new();
    for (mode, last) in &ledger.ended {
        let how = if last.complete { "complete" } else { "braked" };
        text += &format!(
            "last {mode} pass: {how}, ended {}; {}\n",
            last.ended,
            counts(&last.counts)
        );
    }
    if let Some(pass) = &ledger.under_way {
        let who = match &ledger.holder {
            Some(holder) => format!("by {}, renewed {}", holder.name, holder.renewed),
            None => "interrupted; a dispatcher goes on with it".to_owned(),
        };
        text += &format!("under way since {}: {who}; {}\n", pass.started, counts(&pass.way));
    }
    if let Some(braked) = &ledger.braked {
        text += &format!(
            "braked since {}: more than {} changes of one kind; {}\n",
            braked.since,
            braked.limit,
            counts(&braked.counts)
        );
    }
    if text.is_empty() {
        text += "no pass was made yet\n";
    }
    text
}
