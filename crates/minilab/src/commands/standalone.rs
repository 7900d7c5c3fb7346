//! `minilab standalone`: watch, make, serve, until told to stop.
use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, Result};
use minilab_dispatcher::Watching;
use minilab_queue::Backoff;
use minilab_record::{Failures, Records};
use minilab_worker::{Ready, outcome::Budget};
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    cli,
    compose::{App, Machine, Renderers, locate_renderer, observe_slots},
    config::Config,
    exit::{Exit, Refusal},
    gallery::{self, Progress},
    progress::{Meter, Tally},
    serve::{self, Awaited, PATIENCE, Site},
    speech::{self, Form},
    stop::{Stop, StopSignals},
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
    let listener = listen(address).await?;
    let tally = Arc::new(Tally::default());
    let noting = Arc::clone(&tally);
    let slots = args.slots.unwrap_or_else(one_for_each_cpu);
    let app = App::build(
        config,
        Machine {
            renderer,
            slots,
            observer: Arc::new(move |report| noting.note(report)),
            budget: budget(args.until_idle),
        },
    )
    .await?;
    tell_where(form, listener.local_addr()?)?;

    let stop = Stop::default();
    let meter = Meter {
        tally,
        dispatcher: app.progress(),
        queue: Arc::clone(&app.queue),
    };
    let (records, failures) = (app.records(), app.failures());
    let site = Arc::new(site(&app));
    // What answers and shows goes on while the work drains, and ends after it.
    let (beside, ended) = (TaskTracker::new(), CancellationToken::new());
    beside.spawn(serve::serve(listener, site, ended.clone()));
    beside.spawn(meter.clone().show(ended.clone()));
    beside.spawn({
        let (stop, ended) = (stop.clone(), ended.clone());
        async move { ended.run_until_cancelled(signals.watch(stop)).await }
    });
    if args.until_idle {
        let (drain, ended) = (stop.drain.clone(), ended.clone());
        beside.spawn(async move { ended.run_until_cancelled(drain_when_idle(meter, drain)).await });
    }
    let outcome = app.run(stop.clone()).await;
    ended.cancel();
    beside.close();
    beside.wait().await;
    outcome?;
    if stop.abort.is_cancelled() {
        let fix = "nothing is lost: it is done at the next start";
        return Err(Refusal::new(Exit::Temporary, "stopped before the work was done", fix).into());
    }
    if args.until_idle {
        told_failures(&records, &failures).await
    } else {
        Ok(Exit::Ok)
    }
}

/// Somebody waits for a run that is to end: it gives up after seconds what a service tries again for an hour. The next start
/// finds what is missing.
fn budget(until_idle: bool) -> Budget {
    if until_idle {
        let backoff = Backoff::new([Duration::from_secs(1), Duration::from_secs(5)]);
        Budget {
            backoff,
            ..Budget::default()
        }
    } else {
        Budget::default()
    }
}

fn config(args: &cli::Standalone) -> Result<Config> {
    match (&args.config, &args.photos_dir, &args.out_dir) {
        (Some(config), _, _) => Config::read(config),
        (None, Some(from), Some(to)) => Ok(Config::of_folders(from, to)),
        _ => unreachable!("the command line demands both folders where there is no configuration"),
    }
}

async fn listen(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let exit = if error.kind() == std::io::ErrorKind::PermissionDenied { Exit::Permission } else { Exit::Temporary };
        let fix = "end the program that listens there, or take another port with --listen (port 0 takes a free one)";
        Refusal::new(exit, format!("cannot listen on {address}: {error}"), fix).into()
    })
}

fn one_for_each_cpu() -> NonZeroU32 {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    NonZeroU32::new(cpus as u32).unwrap_or(NonZeroU32::MIN)
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

fn site(app: &App) -> Site {
    let awaited = Awaited {
        document: Arc::clone(&app.document),
        originals: Arc::clone(&app.stores.from),
        files: Arc::clone(&app.stores.to),
        records: app.records(),
        patience: PATIENCE,
    };
    let (ready, taking, progress) = (app.ready(), app.ready(), app.progress());
    let slots = app.slots();
    let (metrics, pool, renderers) = (Arc::clone(&app.metrics), app.pool.clone(), Renderers::default());
    Site {
        files: Arc::clone(&app.stores.to),
        records: app.records(),
        failures: app.failures(),
        awaited,
        unready: Box::new(move || {
            let mut reasons = Vec::new();
            if let Ready::No(missing) = &*ready.borrow() {
                reasons.extend(missing.iter().map(ToString::to_string));
            }
            if progress.borrow().watching == Watching::Nothing {
                reasons.push("the folder is not watched".to_owned());
            }
            reasons
        }),
        metrics: Box::new(move || {
            renderers.tell(&metrics, pool.counters());
            observe_slots(&metrics, slots());
            metrics
                .process
                .ready
                .set((), i64::from(*taking.borrow() == Ready::Yes));
            metrics.render()
        }),
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
