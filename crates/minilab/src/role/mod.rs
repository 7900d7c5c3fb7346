//! The life of a role: answers probes, finds what it needs, works until it is told to stop, hands back what it holds.
mod around;
mod checks;
mod patience;
mod revision;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use minilab_telemetry::Metrics;
use serde_json::json;

pub use around::Around;

use crate::{
    compose::Backing,
    config::Config,
    exit::Exit,
    probes::Probes,
    readiness::{Part, Readiness},
    serve,
    speech::{self, Form},
    stop::StopSignals,
    traces,
};

/// How long a broker may take to be told that we go. It finds out by itself, too, only later.
const CLOSE_MAX: Duration = Duration::from_secs(5);

/// What the command line says of any role.
#[derive(Debug)]
pub struct Terms {
    /// What it is called.
    pub name: &'static str,
    /// What it follows.
    pub config: Config,
    /// Where probes and metrics are.
    pub listen: SocketAddr,
    /// How long work that has begun may take to end once it is told to stop.
    pub grace: Duration,
    /// How long it looks for a broker or a store that does not answer at the start.
    pub start_timeout: Duration,
    /// Parts that it can do without.
    pub tolerates: &'static [Part],
    /// Which queues it is connected to before it begins.
    pub needs: Needs,
    /// In which form it says where it listens.
    pub form: Form,
}

/// Which queues a role works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Those of jobs.
    Jobs,
    /// Also those of events, which another broker may hold.
    JobsAndEvents,
}

/// Lives. `build` makes the role's work of what it stands on and the number of its configuration.
pub async fn live<Work>(
    terms: Terms,
    build: impl AsyncFnOnce(&Backing, u64, &Around) -> Result<Work>,
) -> Result<Exit>
where
    Work: Future<Output = Result<()>>,
{
    let signals = StopSignals::catch().context("stop signals cannot be caught")?;
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    let readiness = Readiness::tolerating(terms.tolerates);
    readiness.set(Part::Start, Some("connecting to stores and queue".to_owned()));
    let probes = Arc::new(Probes::new(Arc::clone(&metrics), readiness));
    let listener = serve::listen(terms.listen).await?;
    tell_where(&terms, listener.local_addr()?)?;
    let around = Around::new(Arc::clone(&probes));
    around.run(serve::serve_grpc_too(
        listener,
        serve::admin(Arc::clone(&probes)),
        around.ended(),
    ));
    around.heed(signals, terms.grace);
    let tracer = traces::start(terms.name, &metrics, &around)?;

    let begun = Box::pin(async {
        let backing = patience::until_connected(&terms, &metrics, &probes.readiness).await?;
        let backing = backing.traced(tracer);
        let revision = revision::of(&backing).await?;
        let work = build(&backing, revision, &around).await?;
        anyhow::Ok((backing, revision, Box::pin(work)))
    });
    // Told to stop before it began, it holds nothing that could be handed back.
    let outcome = match around.stop.drain.run_until_cancelled(begun).await {
        None => Ok(()),
        Some(Err(error)) => Err(error),
        Some(Ok((backing, revision, work))) => {
            tracing::info!(role = terms.name, instance = %instance(), revision, "at work");
            probes.readiness.set(Part::Start, None);
            around.run_until_ended(checks::watch(backing.clone(), revision, Arc::clone(&probes)));
            let outcome = work.await;
            hand_back(&backing).await;
            outcome
        }
    };
    around.end().await;
    outcome.map(|()| Exit::Ok)
}

/// What a broker has sent ahead goes back, so that nobody waits for it to find out.
pub async fn hand_back(backing: &Backing) {
    if tokio::time::timeout(CLOSE_MAX, backing.close()).await.is_err() {
        tracing::warn!("the broker has not taken back what it sent ahead; it does when the connection ends");
    }
}

/// Host and process: one name among all processes of a fleet.
pub fn instance() -> String {
    let host = rustix::system::uname();
    format!("{}:{}", host.nodename().to_string_lossy(), std::process::id())
}

fn tell_where(terms: &Terms, address: SocketAddr) -> Result<()> {
    let (name, url) = (terms.name, format!("http://{address}/"));
    speech::result(
        terms.form,
        || format!("{name}: probes and metrics on {url}"),
        || json!({ "role": name, "listening": url }),
    )?;
    Ok(())
}
