//! `minilab reconcile`: compare all originals with all records, and queue what differs.
use std::sync::Arc;

use anyhow::{Context as _, Result};
use minilab_dispatcher::{
    Config as Dispatching, Jobs, Names, Pass, Periods, Reconcile, ReconcileConfig, ReconcileWay, Report,
};
use minilab_queue::{Clock, Memory, Queue, SystemClock};
use minilab_recipe::{Document, Location, QueueConfig};
use minilab_record::{Records, revision};
use minilab_telemetry::Metrics;
use serde_json::json;

use super::{
    brake, exit, mode, status,
    turn::{self, Place, Shown, Signals},
};
use crate::{
    cli,
    compose::{Backing, Places, Stores},
    config::Config,
    exit::{Exit, Refusal},
    speech::{self, Form},
};

pub async fn run(args: &cli::Reconcile, form: Form) -> Result<Exit> {
    if args.pass.status {
        return status::tell::<ReconcileWay>(&args.pass, form, |way| line(&way.report)).await;
    }
    let config = Config::read(&args.pass.config)?;
    let signals = Signals::watch()?;
    let pass = Pass {
        mode: mode(&args.pass),
        prefix: args.prefix.clone(),
        brake: brake(&args.pass),
    };
    let report = if args.pass.dry_run {
        let places = Places::of(&config)?;
        let stores = Stores::open(&places).await?;
        // Nothing is sent.
        let jobs = jobs(&config.document, Arc::new(Memory::default()), 0);
        let reconcile = reconcile(&stores, jobs, &places);
        reconcile.survey(&pass, &signals.stop.drain).await?
    } else {
        make(&config, &pass, &signals).await?
    };
    tell(&report, args.pass.dry_run, form)?;
    exit(report.ended, "reconcile", args.pass.dry_run)
}

async fn make(config: &Config, pass: &Pass, signals: &Signals) -> Result<Report> {
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    let backing = Backing::connect(config, &metrics)
        .await
        .map_err(|error| beside(config, error))?;
    let revision = in_force(&backing).await?;
    let places = Places::of(config)?;
    let jobs = jobs(&config.document, Arc::clone(&backing.queue), revision);
    let reconcile = reconcile(&backing.stores, Arc::clone(&jobs), &places);
    let made = pass_over(&reconcile, (&backing, revision), pass, signals).await;
    // For whoever scales workers; a mix that is not known is guessed.
    if let Err(error) = jobs.sending().write(&*backing.stores.state).await {
        tracing::warn!(%error, "what was sent is not written down");
    }
    made
}

async fn pass_over(
    reconcile: &Reconcile,
    (backing, revision): (&Backing, u64),
    pass: &Pass,
    signals: &Signals,
) -> Result<Report> {
    let drain = &signals.stop.drain;
    // A part is nobody else's business.
    if !pass.prefix.is_empty() {
        return Ok(reconcile.run_once(pass, drain).await?);
    }
    let defaults = Dispatching::default();
    let place = Place {
        state: Arc::clone(&backing.stores.state),
        clock: Arc::clone(&backing.clock),
        revision,
        periods: Periods {
            every: defaults.reconcile_every,
            full_every: defaults.reconcile_full_every,
        },
    };
    let mut tenure = turn::take::<ReconcileWay>(&place, pass.mode, &signals.stop).await?;
    let _shown = Shown::of::<ReconcileWay>(&place, |way| line(&way.report));
    let pass = Pass {
        mode: tenure.under_way().mode,
        ..pass.clone()
    };
    turn::persist(&mut tenure, &signals.stop, async |tenure| {
        reconcile.run(&pass, tenure, drain).await
    })
    .await
}

fn jobs(document: &Document, queue: Arc<dyn Queue>, revision: u64) -> Arc<Jobs> {
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    Arc::new(Jobs::new(
        Arc::new(document.clone()),
        revision,
        queue,
        clock,
        metrics,
    ))
}

fn reconcile(stores: &Stores, jobs: Arc<Jobs>, places: &Places) -> Reconcile {
    let metrics = Arc::new(Metrics::new(env!("CARGO_PKG_VERSION")));
    let names = match places.from {
        Location::Folder(_) => Names::Folder,
        Location::S3(_) => Names::All,
    };
    let config = ReconcileConfig {
        names,
        ..ReconcileConfig::default()
    };
    let records = Records::new(Arc::clone(&stores.state));
    Reconcile::new(Arc::clone(&stores.from), records, jobs, metrics, config)
}

/// Jobs are for workers that follow the same configuration.
async fn in_force(backing: &Backing) -> Result<u64> {
    let current = revision::current(&*backing.stores.state)
        .await
        .context("the configuration in force cannot be read")?;
    match current {
        Some(current) if current.digest == backing.document.digest() => Ok(current.revision),
        _ => {
            let fix = "put it into force with `minilab config activate`, or name the one that is";
            Err(Refusal::new(Exit::Config, "this configuration is not in force", fix).into())
        }
    }
}

/// The queue of one machine has one owner.
fn beside(config: &Config, error: anyhow::Error) -> anyhow::Error {
    let is_embedded = matches!(config.document.queue, None | Some(QueueConfig::Sqlite(_)));
    let is_held = error
        .chain()
        .filter_map(|cause| cause.downcast_ref())
        .any(|cause| matches!(cause, minilab_queue::Error::Unusable { .. }));
    if !(is_embedded && is_held) {
        return error;
    }
    let fix = "if `minilab standalone` runs here, it reconciles by itself, and at its start everything: restart it; look with \
               --dry-run or --status meanwhile";
    Refusal::new(Exit::Config, format!("{error:#}"), fix).into()
}

fn tell(report: &Report, dry_run: bool, form: Form) -> Result<()> {
    let text = || line(report);
    let value = || json!({ "dry_run": dry_run, "ended": report.ended, "seen": report.seen, "enqueued": report.enqueued, "found": report.found });
    speech::result(form, text, value)?;
    Ok(())
}

fn line(report: &Report) -> String {
    let found: Vec<_> = report
        .found
        .iter()
        .map(|(finding, count)| format!("{count} {finding}"))
        .collect();
    format!(
        "{} keys seen ({}), {} jobs queued",
        report.seen,
        found.join(", "),
        report.enqueued
    )
}
