//! The processes of a run: workers and a dispatcher, started, stopped and killed.
use std::{collections::BTreeMap, sync::Arc, time::Duration};

use minilab_dispatcher::{
    Brake, Config, DeadLetters, Dispatcher, Jobs, Reconcile, ReconcileConfig, Redrive, Stores, Sweep,
    SweepConfig,
};
use minilab_queue::Clock;
use minilab_recipe::Document;
use minilab_record::Records;
use minilab_telemetry::Metrics;
use minilab_worker::{Lanes, Worker, WorkerParts, outcome::Budget, testing::ScriptedRenderer};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    process::Process,
    remote_queue::RemoteQueue,
    remote_store::{RemoteStore, Role},
    sim::Sim,
    studio::Studio,
};

/// Time a process has to end its work, and then to hand it back.
const GRACE: Duration = Duration::from_mins(1);

/// What is rolled out.
#[derive(Debug, Clone)]
pub struct Deployment {
    pub revision: u64,
    pub document: Arc<Document>,
    /// Build of the renderer.
    pub build: &'static str,
}

/// A process that runs.
pub struct Running {
    pub process: Process,
    drain: CancellationToken,
    abort: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    /// As `kill -9` does it.
    pub fn kill(self) {
        self.process.note("killed".to_owned());
        self.process.kill();
        self.task.abort();
    }

    /// Did it end by itself?
    pub fn has_ended(&self) -> bool {
        self.task.is_finished()
    }

    /// As an orderly shutdown does it; killed if it takes too long. Did it end by itself?
    pub async fn stop(mut self) -> bool {
        self.process.note("told to stop".to_owned());
        self.drain.cancel();
        if timeout(GRACE, &mut self.task).await.is_ok() {
            return true;
        }
        self.abort.cancel();
        if timeout(GRACE, &mut self.task).await.is_ok() {
            return true;
        }
        self.kill();
        false
    }
}

/// A worker in a new process.
pub fn worker(sim: &Arc<Sim>, name: String, slots: usize, deployment: &Deployment) -> Running {
    let process = Process::new(name, sim);
    process.note(format!("starts with configuration {}", deployment.revision));
    let reporter = process.clone();
    let worker = Worker::new(WorkerParts {
        document: Arc::clone(&deployment.document),
        revision: deployment.revision,
        originals: RemoteStore::of(&process, Role::Originals),
        output: RemoteStore::of(&process, Role::Output),
        state: RemoteStore::of(&process, Role::State),
        assets: BTreeMap::new(),
        queue: RemoteQueue::of(&process),
        renderer: Arc::new(Studio::new(
            &process,
            ScriptedRenderer::with_build_id(deployment.build),
        )),
        clock: Arc::clone(&sim.clock) as Arc<dyn Clock>,
        tracer: minilab_telemetry::traces::Tracer::off(),
        observer: Arc::new(move |report| {
            let failure = report.failure.as_ref().map_or("", |(code, _)| code.as_str());
            reporter.note(format!(
                "job of {} {} {} {failure} in {} rounds",
                report.key, report.lane, report.class, report.work.rounds
            ));
            if failure == "panic" {
                reporter
                    .sim
                    .ledger
                    .violation(format!("an attempt panicked: {:?}", report.failure));
            }
        }),
        lanes: Lanes::default(),
        slots,
        budget: Budget::default(),
    });
    let (drain, abort) = (CancellationToken::new(), CancellationToken::new());
    let task = tokio::spawn(worker.run(drain.clone(), abort.clone()));
    Running {
        process,
        drain,
        abort,
        task,
    }
}

/// Makes jobs of events in `process`.
pub fn jobs(process: &Process, deployment: &Deployment) -> Arc<Jobs> {
    Arc::new(Jobs::new(
        Arc::clone(&deployment.document),
        deployment.revision,
        RemoteQueue::of(process),
        Arc::clone(&process.sim.clock) as Arc<dyn Clock>,
        Arc::new(Metrics::new("simulator")),
    ))
}

/// Puts back what was given up, in `process`.
pub fn redrive(process: &Process, deployment: &Deployment) -> Redrive {
    let document = Arc::clone(&deployment.document);
    Redrive::new(document, deployment.revision, RemoteQueue::of(process))
}

/// Records dead letters in `process`.
pub fn dead_letters(process: &Process, deployment: &Deployment) -> DeadLetters {
    let metrics = Arc::new(Metrics::new("simulator"));
    DeadLetters::new(
        jobs(process, deployment),
        RemoteStore::of(process, Role::State),
        metrics,
    )
}

fn stores(process: &Process) -> Stores {
    Stores {
        originals: RemoteStore::of(process, Role::Originals),
        outputs: RemoteStore::of(process, Role::Output),
        state: RemoteStore::of(process, Role::State),
    }
}

/// Reconcile of `process`.
pub fn reconcile(process: &Process, deployment: &Deployment) -> Reconcile {
    Reconcile::new(
        RemoteStore::of(process, Role::Originals),
        Records::new(RemoteStore::of(process, Role::State)),
        jobs(process, deployment),
        Arc::new(Metrics::new("simulator")),
        ReconcileConfig::default(),
    )
}

/// The sweep of `process`.
pub fn sweep(process: &Process, retain: Duration) -> Sweep {
    Sweep::new(
        Records::new(RemoteStore::of(process, Role::State)),
        RemoteStore::of(process, Role::Output),
        Arc::new(Metrics::new("simulator")),
        SweepConfig { retain },
    )
}

/// A dispatcher in a new process: passes and sweeps, often.
pub fn dispatcher(sim: &Arc<Sim>, name: String, deployment: &Deployment, retain: Duration) -> Running {
    let process = Process::new(name, sim);
    process.note(format!("starts with configuration {}", deployment.revision));
    let config = Config {
        reconcile_every: Duration::from_mins(3),
        brake: Brake::default().allowing_all(),
        sweep: SweepConfig { retain },
        sweep_every: Duration::from_secs(100),
        sweep_full_every: Duration::from_mins(4),
        ..Config::default()
    };
    let metrics = Arc::new(Metrics::new("simulator"));
    let dispatcher = Dispatcher::new(config, stores(&process), jobs(&process, deployment), metrics);
    let (drain, abort) = (CancellationToken::new(), CancellationToken::new());
    let running = dispatcher.run(drain.clone(), abort.clone());
    let task = tokio::spawn({
        let process = process.clone();
        async move {
            match running.await {
                Ok(()) => {}
                // What it may not read at its start is a mistake for all it knows; whoever runs it starts it again.
                Err(error) if error.is_denied() => process.note(format!("ends: {error}")),
                Err(error) => process
                    .sim
                    .ledger
                    .violation(format!("a dispatcher ended: {error}")),
            }
        }
    });
    Running {
        process,
        drain,
        abort,
        task,
    }
}
