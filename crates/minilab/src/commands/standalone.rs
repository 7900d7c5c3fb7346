//! `minilab standalone`: watch, make, serve, until told to stop.
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use minilab_queue::Backoff;
use minilab_record::{Failures, Records};
use minilab_telemetry::Metrics;
use minilab_worker::{Lanes, outcome::Budget};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{dispatcher::listen_for_events, slots::one_for_each_cpu, worker::unready};
use crate::{
    cli,
    compose::{App, Backing, Machine, locate_renderer},
    config::Config,
    exit::{Exit, Refusal},
    gallery::{self, Progress},
    probes::Probes,
    progress::{Meter, Tally},
    readiness::Readiness,
    role::{self, Around},
    serve::{self, Awaited, PATIENCE, Site},
    speech::{self, Form},
    stop::{GRACE, StopSignals},
    traces,
    units::count,
};

/// The port that the README names.
const PORT: u16 = 8080;

/// Between two looks at whether work is left: short beside any job.
const IDLE_EVERY: Duration = Duration::from_millis(100);

pub async fn run(args: cli::Standalone, form: Form) -> Result<Exit> {
    let signals = StopSignals::catch().context("stop signals cannot be caught")?;
    let config = config(&args)?;
    let address = args
        .listen
        .or(config.document.serve)
        .unwrap_or((Ipv4Addr::LOCALHOST, PORT).into());
    let renderer = locate_renderer(args.renderer.renderer.as_deref())?;
    let listener = serve::listen(address).await?;
    let tally = Arc::new(Tally::default());
    let noting = Arc::clone(&tally);
    let machine = Machine {
        renderer,
        lanes: Lanes::default(),
        slots: args.slots.unwrap_or_else(one_for_each_cpu),
        observer: Arc::new(move |report| noting.note(report)),
        budget: budget(args.until_idle),
    };
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    let probes = Arc::new(Probes::new(Arc::clone(&metrics), Readiness::default()));
    let around = Around::new(Arc::clone(&probes));
    let tracer = traces::start("standalone", &metrics, &around)?;
    let backing = Backing::connect(&config, &metrics).await?.with_events().await?;
    let backing = backing.traced(tracer);
    let (mut app, refresh) = App::build(&backing, machine).await?;
    probes.refresh_by(refresh);
    tell_where(form, listener.local_addr()?)?;

    listen_for_events(app.dispatcher(), &backing.document, &around).await?;
    let stop = around.stop.clone();
    let meter = Meter {
        tally,
        dispatcher: app.progress(),
        queue: Arc::clone(&backing.queue),
    };
    let routes = serve::site(Arc::new(site(&backing))).merge(serve::admin(probes));
    around.run(serve::serve(listener, routes, around.ended()));
    around.run(meter.clone().show(around.ended()));
    around.follow(app.ready(), unready);
    around.heed(signals, GRACE);
    if args.until_idle {
        around.run_until_ended(drain_when_idle(meter, stop.drain.clone()));
    }
    let outcome = app.run(stop.clone()).await;
    role::hand_back(&backing).await;
    around.end().await;
    outcome?;
    if stop.abort.is_cancelled() {
        let fix = "nothing is lost: it is done at the next start";
        return Err(Refusal::new(Exit::Temporary, "stopped before the work was done", fix).into());
    }
    if args.until_idle {
        told_failures(&backing.records(), &backing.failures()).await
    } else {
        Ok(Exit::Ok)
    }
}

/// Somebody waits for a run that is to end: it gives up after seconds what a service tries again for an hour. The next start
/// finds what is missing.
fn budget(until_idle: bool) -> Option<Budget> {
    until_idle.then(|| Budget {
        backoff: Backoff::new([Duration::from_secs(1), Duration::from_secs(5)]),
        ..Budget::default()
    })
}

fn config(args: &cli::Standalone) -> Result<Config> {
    match (&args.config, &args.photos_dir, &args.out_dir) {
        (Some(config), _, _) => Config::read(config),
        (None, Some(from), Some(to)) => Ok(Config::of_folders(from, to)),
        _ => unreachable!("the command line demands both folders where there is no configuration"),
    }
}

fn tell_where(form: Form, address: SocketAddr) -> Result<()> {
    let url = format!("http://{address}/");
    if !address.ip().is_loopback() {
        speech::aside(&format!(
            "note: {address} is open to the network; what is made can be read by everybody there"
        ));
    }
    speech::result(
        form,
        || format!("serving on {url}"),
        || json!({ "listening": url }),
    )?;
    Ok(())
}

fn site(backing: &Backing) -> Site {
    let awaited = Awaited {
        document: Arc::clone(&backing.document),
        originals: Arc::clone(&backing.stores.from),
        files: Arc::clone(&backing.stores.to),
        records: backing.records(),
        patience: PATIENCE,
    };
    Site {
        files: Arc::clone(&backing.stores.to),
        records: backing.records(),
        failures: backing.failures(),
        awaited,
    }
}

async fn drain_when_idle(meter: Meter, drain: CancellationToken) {
    let mut ticks = tokio::time::interval(IDLE_EVERY);
    while !meter.is_idle().await {
        ticks.tick().await;
    }
    drain.cancel();
}

/// Under `--until-idle` the exit code tells of what could not be made.
async fn told_failures(records: &Records, failures: &Failures) -> Result<Exit> {
    let entries = gallery::load(records, failures, usize::MAX)
        .await
        .context("the records cannot be read")?;
    let failed: Vec<_> = entries
        .iter()
        .filter(|e| matches!(e.progress, Progress::Partial | Progress::Failed))
        .collect();
    if failed.is_empty() {
        return Ok(Exit::Ok);
    }
    speech::aside(&format!(
        "{} could not be made whole; `minilab report` says why",
        count(failed.len(), "original")
    ));
    Ok(Exit::SomeFailed)
}
