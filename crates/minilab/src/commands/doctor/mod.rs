//! `minilab doctor`: asks everything that an installation needs whether it works, in the order in which one thing needs
//! another, and says of each what is wrong and what to do. Nothing that it makes for that stays behind.
#[cfg(feature = "s3")]
mod buckets;
#[cfg(feature = "s3")]
mod events;
mod queues;
mod report;
mod stores;
mod trip;

use std::sync::Arc;

use anyhow::Result;
use futures::TryStreamExt as _;
use minilab_queue::Queue;
use minilab_recipe::{QueueConfig, Sandbox};
use minilab_record::{Failures, revision};
use minilab_store::Store;
use minilab_worker::renderer::Renderer as _;

use self::report::{Finding, Report, first_line};
use crate::{
    cli,
    compose::{Places, locate_renderer, start_one},
    config::Config,
    exit::Exit,
    speech::Form,
    units::count,
};

pub async fn run(args: &cli::Doctor, form: Form) -> Result<Exit> {
    let config = Config::read(&args.config)?;
    let places = Places::of(&config)?;
    places.check()?;
    let mut report = Report::default();
    #[cfg(feature = "s3")]
    buckets::look(&mut report, &places).await;
    let stores = stores::look(&mut report, &config.document, &places).await;
    configuration(&mut report, &config, &places, stores.state.as_deref()).await;
    let jobs = queues::look(&mut report, &places).await;
    #[cfg(feature = "s3")]
    events::look(&mut report, &config, &places).await;
    trip::look(&mut report, &config, &places, jobs.as_ref()).await;
    renderer(&mut report, args, config.document.sandbox).await;
    dead_letters(&mut report, stores.state, jobs.as_ref()).await;
    if let Some(jobs) = jobs {
        jobs.close().await;
    }
    report.tell(form)?;
    Ok(if report.has_failed() {
        Exit::SomeFailed
    } else {
        Exit::Ok
    })
}

/// Is it the one in force? One machine puts its own into force when it starts.
async fn configuration(report: &mut Report, config: &Config, places: &Places, state: Option<&dyn Store>) {
    const CHECK: &str = "configuration";
    let Some(state) = state else {
        report.add(Finding::skipped(
            CHECK,
            "it is kept in the state store, which does not work",
        ));
        return;
    };
    let is_one_machine = matches!(places.queue, QueueConfig::Sqlite(_));
    let digest = config.document.digest();
    report.add(match revision::current(state).await {
        Err(error) => Finding::fail(CHECK, &error.into(), "see what is wrong with the state store"),
        Ok(Some(current)) if current.digest == digest => {
            Finding::ok(CHECK, format!("revision {} is in force since {}", current.revision, current.activated))
        }
        Ok(_) if is_one_machine => Finding::ok(CHECK, "valid; a standalone puts it into force when it starts"),
        Ok(current) => {
            let instead = current.map_or_else(
                || "none ever was".to_owned(),
                |current| format!("revision {} is another one", current.revision),
            );
            let fix = "minilab config activate --config FILE; without it dispatchers and workers end with exit code 7";
            Finding::wrong(CHECK, format!("valid, and not in force: {instead}"), fix)
        }
    });
}

/// The renderer starts only if all its codecs work, and the kernel walls it in or the configuration does without.
async fn renderer(report: &mut Report, args: &cli::Doctor, sandbox: Sandbox) {
    const CHECK: &str = "renderer";
    let started = async {
        let path = locate_renderer(args.renderer.renderer.as_deref())?;
        start_one(&path, sandbox).await
    };
    report.add(match started.await {
        Ok(pool) => {
            let engine = pool.engine();
            let mut said = format!("{}, build {}", first_line(&engine.version), engine.build_id);
            for gap in pool.gaps() {
                said += &format!("; without {gap}");
            }
            Finding::ok(CHECK, said)
        }
        Err(error) => Finding::fail(
            CHECK,
            &error,
            "build or install minilab and minilab-renderer together",
        ),
    });
}

/// Of the state store, which has them whatever the broker.
async fn dead_letters(report: &mut Report, state: Option<Arc<dyn Store>>, jobs: Option<&Arc<dyn Queue>>) {
    const CHECK: &str = "dead letters";
    let Some(state) = state else {
        report.add(Finding::skipped(
            CHECK,
            "they are kept in the state store, which does not work",
        ));
        return;
    };
    let failures = Failures::new(state);
    let counted = async {
        let given_up = failures
            .list()
            .try_filter(|failure| std::future::ready(!failure.is_of_input()));
        let given_up = given_up.try_fold(0_usize, |count, _| std::future::ready(Ok(count + 1)));
        let unreadable = failures.list_unreadable();
        let unreadable = unreadable.try_fold(0_usize, |count, _| std::future::ready(Ok(count + 1)));
        anyhow::Ok((given_up.await?, unreadable.await?))
    };
    let waiting = match jobs {
        Some(jobs) => jobs
            .depth(&minilab_queue::dead_queue())
            .await
            .map_or(0, |depth| depth.ready),
        None => 0,
    };
    report.add(match counted.await {
        Err(error) => Finding::fail(CHECK, &error, "see what is wrong with the state store"),
        Ok((0, 0)) if waiting == 0 => Finding::ok(CHECK, "none"),
        Ok((given_up, unreadable)) => {
            let told = format!(
                "{} given up, {} that were no jobs, {waiting} not yet recorded",
                count(given_up, "job"),
                count(unreadable, "message")
            );
            Finding::warn(
                CHECK,
                told,
                "minilab dead ls, then dead redrive or dead purge; a dispatcher records what waits",
            )
        }
    });
}
