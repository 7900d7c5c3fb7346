//! The worker: takes jobs as it has slots for them, makes originals current, settles.
mod breaker;
mod canary;
mod delivery;
mod health;
mod intake;
mod judge;
mod lanes;
mod settle;
mod shares;
mod slots;
mod stop;

use std::{collections::BTreeMap, fmt, sync::Arc};

use minilab_notify::{Notifier, listeners};
use minilab_queue::{Clock, Queue};
use minilab_recipe::Document;
use minilab_record::{Failures, Projector, Records};
use minilab_store::Store;
use minilab_telemetry::traces::Tracer;
use tokio::sync::{Mutex, RwLock, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(crate) use self::slots::Seat;
use self::{delivery::Courier, health::Health, intake::Intake, shares::Shares, slots::Slots, stop::Stop};
pub use self::{
    health::{Ready, Unready},
    lanes::{InvalidLanes, Lanes},
};
use crate::{
    assets::Assets,
    attempt::{World, this_process},
    outcome::Budget,
    renderer::Renderer,
    report::JobReport,
};

/// Is told of every delivery.
pub type Observer = Arc<dyn Fn(&JobReport) + Send + Sync>;

/// What a worker is made of.
#[derive(Clone)]
pub struct WorkerParts {
    /// The operator's document.
    pub document: Arc<Document>,
    /// Its configuration revision.
    pub revision: u64,
    /// Where originals are.
    pub originals: Arc<dyn Store>,
    /// Where files and manifests go.
    pub output: Arc<dyn Store>,
    /// Where records are.
    pub state: Arc<dyn Store>,
    /// Where the pictures are that recipes name, by the name of their store.
    pub assets: BTreeMap<String, Arc<dyn Store>>,
    /// Where jobs are.
    pub queue: Arc<dyn Queue>,
    /// What decodes and encodes.
    pub renderer: Arc<dyn Renderer>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Is told of every delivery.
    pub observer: Observer,
    /// Begins traces of jobs that carry none.
    pub tracer: Tracer,
    /// Which queues it takes jobs from.
    pub lanes: Lanes,
    /// Jobs at the same time; with more than one, one is kept for the lane `fast` if others are served beside it.
    pub slots: usize,
    /// How much a job may cost.
    pub budget: Budget,
}

impl fmt::Debug for WorkerParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerParts")
            .field("revision", &self.revision)
            .field("queue", &self.queue)
            .field("renderer", &self.renderer)
            .field("lanes", &self.lanes)
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}

/// Deliveries in, derivatives out.
#[derive(Debug)]
pub struct Worker {
    courier: Arc<Courier>,
    slots: Slots,
}

impl Worker {
    /// A worker that does nothing until it runs.
    pub fn new(parts: WorkerParts) -> Self {
        let records = Records::new(Arc::clone(&parts.state));
        let slots = Slots::new(parts.slots, parts.lanes.slots_kept(parts.slots));
        let base_url = parts.document.to.url.clone().unwrap_or_default();
        let shares = Shares::new(parts.document.tenants.in_flight);
        let world = World {
            projector: Projector::new(Arc::clone(&parts.output), records.clone(), base_url),
            failures: Failures::new(Arc::clone(&parts.state)),
            notifier: Notifier::new(
                Arc::clone(&parts.state),
                Arc::clone(&parts.queue),
                Arc::clone(&parts.clock),
                listeners(&parts.document),
            ),
            records,
            document: parts.document,
            revision: parts.revision,
            originals: parts.originals,
            output: parts.output,
            state: parts.state,
            assets: Assets::new(parts.assets, Arc::clone(&parts.clock)),
            queue: parts.queue,
            renderer: parts.renderer,
            clock: parts.clock,
            lanes: parts.lanes,
            process: this_process(),
        };
        let courier = Courier {
            world,
            health: Health::default(),
            budget: parts.budget,
            shares,
            observer: parts.observer,
            tracer: parts.tracer,
            solitude: RwLock::default(),
            suspect: Mutex::default(),
        };
        Self {
            courier: Arc::new(courier),
            slots,
        }
    }

    /// Does it take jobs, and if not, why?
    pub fn ready(&self) -> watch::Receiver<Ready> {
        self.courier.health.subscribe()
    }

    /// Asks how many of its slots are at work, and how many there are.
    pub fn slots(&self) -> impl Fn() -> (usize, usize) + Send + Sync + use<> {
        let slots = self.slots.clone();
        move || slots.occupied()
    }

    /// Takes jobs until `drain`, and returns when those it began are settled; what it took and did not begin is handed
    /// back. At `abort` all are, and it returns within seconds, even if the broker does not answer.
    pub async fn run(self, drain: CancellationToken, abort: CancellationToken) {
        let Self { courier, slots } = self;
        let stop = Stop { drain, abort };
        let tasks = TaskTracker::new();
        let mut intake = Intake::new(Arc::clone(&courier));
        while let Some((seat, delivery)) = stop
            .drain
            .run_until_cancelled(stop.abort.run_until_cancelled(intake.next(&slots)))
            .await
            .flatten()
        {
            let (courier, stop) = (Arc::clone(&courier), stop.clone());
            tasks.spawn(async move {
                // On the heap: it is more than a task's stack should hold.
                Box::pin(courier.deliver(delivery, &seat, &stop)).await;
                drop(seat);
            });
        }
        tasks.close();
        tasks.wait().await;
    }
}
