//! Connecting at the start: what may be back in a moment is waited for, what only a person can change is not.
use std::{sync::Arc, time::Duration};

use anyhow::Result;
use minilab_telemetry::Metrics;
use tokio::time::{Instant, timeout_at};

use super::{Needs, Terms};
use crate::{
    compose::Backing,
    exit::{self, Exit, Refusal},
    readiness::{Part, Readiness},
};

/// The first pause between two tries; it doubles.
const PAUSE_MIN: Duration = Duration::from_millis(250);
/// The longest: a restarted broker is found within seconds of its return.
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// Connects, again and again for as long as the terms allow if that may help. `readiness` says meanwhile what is missing.
pub(super) async fn until_connected(
    terms: &Terms,
    metrics: &Arc<Metrics>,
    readiness: &Readiness,
) -> Result<Backing> {
    let deadline = Instant::now() + terms.start_timeout;
    let (mut pause, mut told) = (PAUSE_MIN, None);
    loop {
        let error = match timeout_at(deadline, connect(terms, metrics)).await {
            Ok(Ok(backing)) => return Ok(backing),
            Ok(Err(error)) if exit::of(&error) == Exit::Temporary => error,
            Ok(Err(error)) => return Err(error),
            Err(_elapsed) => return Err(told.unwrap_or_else(|| silence(terms))),
        };
        if Instant::now() + pause >= deadline {
            return Err(error);
        }
        tracing::warn!("not there yet: {error:#}");
        readiness.set(Part::Start, Some(format!("{error:#}")));
        told = Some(error);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

async fn connect(terms: &Terms, metrics: &Arc<Metrics>) -> Result<Backing> {
    let backing = Backing::connect(&terms.config, metrics).await?;
    match terms.needs {
        Needs::Jobs => Ok(backing),
        Needs::JobsAndEvents => backing.with_events().await,
    }
}

fn silence(terms: &Terms) -> anyhow::Error {
    let waited = terms.start_timeout.as_secs();
    let sentence = format!("a store or the broker has not answered for {waited} s");
    let fix = "check that the addresses in the configuration can be reached from here";
    Refusal::new(Exit::Temporary, sentence, fix).into()
}
