//! Our turn to make a pass: waited for, shown while it lasts, kept through outages.
use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use minilab_dispatcher::{Error, Offer, Periods, RENEW_EVERY, Sharing, Tenure, Turns, Wanted, Way};
use minilab_queue::Clock;
use minilab_store::Store;
use minilab_telemetry::PassMode;
use tokio::task::JoinHandle;

use crate::{
    exit::{Exit, Refusal},
    speech,
    stop::{GRACE, Stop, StopSignals},
};

/// Passes that fail in a row before the command gives up; what is done is noted, and the next command goes on.
const FAILURES_MAX: u32 = 5;
const FAILED_PAUSE: Duration = Duration::from_secs(10);

/// Stop requests, followed until dropped.
pub struct Signals {
    pub stop: Stop,
    watching: JoinHandle<()>,
}

impl Signals {
    pub fn watch() -> Result<Self> {
        let signals = StopSignals::catch().context("stop signals cannot be caught")?;
        let stop = Stop::default();
        let watching = tokio::spawn(signals.watch(stop.clone(), GRACE));
        Ok(Self { stop, watching })
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        self.watching.abort();
    }
}

/// Where turns are taken.
pub struct Place {
    pub state: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub revision: u64,
    pub periods: Periods,
}

/// Waits until it is our turn.
pub async fn take<W: Way>(place: &Place, mode: PassMode, stop: &Stop) -> Result<Box<Tenure<W>>> {
    let mut turns = Turns::<W>::new(Arc::clone(&place.state), Arc::clone(&place.clock), Sharing::Fleet);
    let wanted = Wanted {
        now: Some(mode),
        revision: place.revision,
        periods: place.periods,
    };
    let mut told = None;
    loop {
        let pause = match turns.ask(wanted).await.context("no turn can be taken")? {
            Offer::Ours(tenure) => return Ok(tenure),
            Offer::Later(pause) => pause,
        };
        if turns.ledger().is_newer(place.revision) {
            let sentence = "passes are made by a newer configuration than this one";
            return Err(
                Refusal::new(Exit::Config, sentence, "name the configuration that is in force").into(),
            );
        }
        let holder = turns.ledger().holder.as_ref().map(|holder| holder.name.clone());
        if let Some(holder) = holder.filter(|holder| told.as_ref() != Some(holder)) {
            speech::aside(&format!("waiting for the pass of {holder}"));
            told = Some(holder);
        }
        if stop
            .drain
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            return Err(
                Refusal::new(Exit::Temporary, "stopped before it was our turn", "run it again").into(),
            );
        }
    }
}

/// Makes a pass again from where it failed, unless that will not help.
pub async fn persist<W: Way, R>(
    tenure: &mut Tenure<W>,
    stop: &Stop,
    mut make: impl AsyncFnMut(&mut Tenure<W>) -> Result<R, Error>,
) -> Result<R> {
    for failed in 1.. {
        let error = match make(tenure).await {
            Ok(made) => return Ok(made),
            Err(error) => error,
        };
        if !error.is_transient() || failed == FAILURES_MAX {
            // What the store does not take now, it finds noted a few seconds ago.
            let _ = tenure.leave().await;
            return Err(error.into());
        }
        speech::aside(&format!(
            "the pass goes on in {} s: {error}",
            FAILED_PAUSE.as_secs()
        ));
        if stop
            .drain
            .run_until_cancelled(tokio::time::sleep(FAILED_PAUSE))
            .await
            .is_none()
        {
            break;
        }
    }
    Err(Refusal::new(
        Exit::Temporary,
        "stopped before the end",
        "the next pass goes on from here",
    )
    .into())
}

/// Says how far a pass is, by what it notes, until it is dropped.
pub struct Shown(JoinHandle<()>);

impl Shown {
    pub fn of<W: Way>(place: &Place, line: impl Fn(&W) -> String + Send + 'static) -> Self {
        let mut turns = Turns::<W>::new(Arc::clone(&place.state), Arc::clone(&place.clock), Sharing::Fleet);
        Self(tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEW_EVERY).await;
                // A look that fails shows in the pass itself.
                if let Ok(ledger) = turns.look().await
                    && let Some(pass) = &ledger.under_way
                {
                    speech::aside(&line(&pass.way));
                }
            }
        }))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.0.abort();
    }
}
