//! `minilab dead purge`: forgets what was given up.
use anyhow::{Context as _, Result};
use futures::TryStreamExt as _;
use jiff::Timestamp;
use serde_json::json;

use super::letters::{Choice, Counts, Letter};
use crate::{
    cli::Purge,
    exit::Exit,
    speech::{self, Form},
};

/// What a purge does not do.
const MEANING: &str = "nothing else was touched: what is still to be made is found by reconcile, and may fail again; what is \
                       recorded as failed stays so until it is uploaded again or put back";

pub async fn run(args: &Purge, form: Form) -> Result<Exit> {
    let failures = super::failures(&args.config).await?;
    let choice = Choice::new(&args.which, Timestamp::now());
    let mut purged = Counts::default();
    let letters = choice.of(&failures);
    let mut letters = std::pin::pin!(letters);
    while let Some(letter) = letters.try_next().await? {
        let is_gone = args.dry_run
            || match &letter {
                Letter::Failure(failure) => failures.forget(failure).await,
                Letter::Unreadable(message) => failures.clear_unreadable(message.sha256).await.map(|()| true),
            }
            .with_context(|| format!("after {}", purged.told("record")))?;
        if is_gone {
            purged.add(letter.class());
        }
    }
    let text = || {
        let records = purged.told("failure record");
        match (args.dry_run, purged.total()) {
            (true, _) => format!("{records} would be deleted"),
            (false, 0) => format!("{records} deleted"),
            (false, _) => format!("{records} deleted; {MEANING}"),
        }
    };
    speech::result(
        form,
        text,
        || json!({ "purged": purged.total(), "classes": purged.value(), "dry_run": args.dry_run }),
    )?;
    Ok(Exit::Ok)
}
