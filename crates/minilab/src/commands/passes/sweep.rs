//! `minilab sweep`: delete files whose time of grace is over. Needs no queue.
use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use minilab_dispatcher::{
    Config as Dispatching, Periods, Reach, Sweep, SweepConfig, SweepReport, SweepWay, Tenure,
};
use minilab_queue::SystemClock;
use minilab_record::Records;
use minilab_telemetry::Metrics;
use serde_json::json;

use super::{
    brake, exit, mode, status,
    turn::{self, Place, Shown, Signals},
};
use crate::{
    cli,
    compose::{Places, Stores},
    config::Config,
    exit::Exit,
    speech::{self, Form},
    units,
};

pub async fn run(args: &cli::Sweep, form: Form) -> Result<Exit> {
    let args = &args.pass;
    if args.status {
        return status::tell::<SweepWay>(args, form, |way| line(&way.report)).await;
    }
    let config = Config::read(&args.config)?;
    let places = Places::of(&config)?;
    places.check()?;
    let stores = Stores::open(&places).await?;
    let signals = Signals::watch()?;
    let sweep = Sweep::new(
        Records::new(Arc::clone(&stores.state)),
        Arc::clone(&stores.to),
        Arc::new(Metrics::new(env!("CARGO_PKG_VERSION"))),
        SweepConfig {
            retain: config.document.retain,
        },
    );
    let report = if args.dry_run {
        let now = Timestamp::now();
        let mut tenure = Tenure::untold(mode(args), now);
        sweep
            .run(Reach::Count, &mut tenure, now, &signals.stop.drain)
            .await?
    } else {
        make(args, &stores, &sweep, &signals).await?
    };
    speech::result(
        form,
        || line(&report),
        || json!({ "dry_run": args.dry_run, "report": report }),
    )?;
    let exit = exit(report.ended, "sweep", args.dry_run)?;
    Ok(if report.failed > 0 { Exit::SomeFailed } else { exit })
}

async fn make(args: &cli::Pass, stores: &Stores, sweep: &Sweep, signals: &Signals) -> Result<SweepReport> {
    let defaults = Dispatching::default();
    let place = Place {
        state: Arc::clone(&stores.state),
        clock: Arc::new(SystemClock::default()),
        revision: 0,
        periods: Periods {
            every: defaults.sweep_every,
            full_every: defaults.sweep_full_every,
        },
    };
    let mut tenure = turn::take::<SweepWay>(&place, mode(args), &signals.stop).await?;
    let _shown = Shown::of::<SweepWay>(&place, |way| line(&way.report));
    let reach = Reach::Delete(brake(args));
    turn::persist(&mut tenure, &signals.stop, async |tenure| {
        let now = tenure.earlier().await?;
        sweep.run(reach, tenure, now, &signals.stop.drain).await
    })
    .await
}

fn line(report: &SweepReport) -> String {
    format!(
        "{} records seen, {} originals with files to delete; {} dropped and {} left over deleted, {}; {} swapped meanwhile, {} failed",
        report.records,
        report.due,
        report.deleted,
        report.leftovers,
        units::bytes(report.bytes),
        report.moved_on,
        report.failed
    )
}
