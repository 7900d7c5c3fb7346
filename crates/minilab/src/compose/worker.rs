//! The worker with its renderers.
use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use minilab_recipe::{Lane, Sandbox};
use minilab_scaling::Lessons;
use minilab_telemetry::{Metrics, traces::Tracer};
use minilab_worker::{
    Lanes, Observer, Worker, WorkerParts,
    outcome::Budget,
    pool::{PoolConfig, ProcessPool},
    renderer::RenderError,
};

use super::{Backing, learning::Learning, observe, queue, stores};
use crate::{
    exit::{Exit, Refusal},
    probes::Refresh,
    traces,
};

/// What a worker is made of that its configuration does not say.
#[derive(Clone)]
pub struct Machine {
    /// The renderer to run.
    pub renderer: PathBuf,
    /// Which jobs it takes.
    pub lanes: Lanes,
    /// Renderers at work at one time in any lane; there is one more for the lane `fast`.
    pub slots: NonZeroU32,
    /// Is told of every delivery.
    pub observer: Observer,
    /// How much a job may cost before it is given up; `None`: as the configuration's waits say.
    pub budget: Option<Budget>,
}

/// A worker and what goes with it.
pub struct Working {
    /// Itself.
    pub worker: Worker,
    /// Brings its gauges up to date.
    pub refresh: Refresh,
    /// What it learns of what jobs take, to be told as long as it works.
    pub lessons: Arc<Lessons>,
}

/// A worker that follows this revision of the configuration, and what brings its gauges up to date. Its renderers are up.
pub async fn worker(backing: &Backing, revision: u64, machine: Machine) -> Result<Working> {
    let slots = slots(&machine);
    let pool = start(PoolConfig {
        renderers: backing.document.tenants.renderers,
        isolation: backing.document.isolation,
        sandbox: backing.document.sandbox,
        ..PoolConfig::new(&machine.renderer, slots.get())
    })
    .await?;
    let budget = machine.budget.unwrap_or_else(|| Budget {
        backoff: queue::backoff(&backing.document),
        ..Budget::default()
    });
    observe::served(&backing.metrics, &machine.lanes);
    observe::targets(&backing.metrics);
    let learning = Learning::of(backing);
    let lessons = learning.lessons();
    let worker = Worker::new(WorkerParts {
        document: Arc::clone(&backing.document),
        revision,
        originals: Arc::clone(&backing.stores.from),
        output: Arc::clone(&backing.stores.to),
        state: Arc::clone(&backing.stores.state),
        assets: stores::assets(&backing.assets).await?,
        queue: Arc::clone(&backing.queue),
        renderer: Arc::new(pool.clone()),
        clock: Arc::clone(&backing.clock),
        observer: telling(
            machine.observer,
            learning,
            Arc::clone(&backing.metrics),
            backing.tracer.clone(),
        ),
        tracer: backing.tracer.clone(),
        lanes: machine.lanes,
        slots: slots.get() as usize,
        budget,
    });
    let (occupied, ready) = (worker.slots(), worker.ready());
    let renderers = observe::Renderers::default();
    let refresh: Refresh = Box::new(move |metrics| {
        renderers.tell(metrics, pool.counters());
        observe::walls(metrics, pool.gaps());
        observe::slots(metrics, occupied());
        observe::breakers(metrics, &ready.borrow());
    });
    Ok(Working {
        worker,
        refresh,
        lessons,
    })
}

/// One more than may be at work in any lane, where the lane `fast` has others beside it.
fn slots(machine: &Machine) -> NonZeroU32 {
    let shares = machine.lanes.serve(Lane::Fast) && machine.lanes.queues().len() > 1;
    machine.slots.saturating_add(u32::from(shares))
}

/// Starts one renderer, for a command.
pub async fn start_one(renderer: &Path, sandbox: Sandbox) -> Result<ProcessPool> {
    start(PoolConfig {
        sandbox,
        ..PoolConfig::new(renderer, 1)
    })
    .await
}

async fn start(config: PoolConfig) -> Result<ProcessPool> {
    let renderer = config.renderer.clone();
    ProcessPool::start(config).await.map_err(|error| {
        if matches!(error, RenderError::Unwalled { .. }) {
            let fix = "`minilab-renderer --selftest` shows what this machine refuses; docs/SECURITY.md says what each \
                       container runtime needs";
            return Refusal::new(Exit::Permission, error.to_string(), fix).into();
        }
        let fix = "build or install minilab and minilab-renderer together (`cargo build` builds both)";
        Refusal::new(
            Exit::Unexpected,
            format!("the renderer {} does not start: {error}", renderer.display()),
            fix,
        )
        .into()
    })
}

fn telling(observer: Observer, learning: Learning, metrics: Arc<Metrics>, tracer: Tracer) -> Observer {
    Arc::new(move |report| {
        observe::job(&metrics, report);
        learning.note(report);
        traces::tell(&tracer, report);
        observer(report);
    })
}
