//! Renderer processes behind the [`Renderer`] port: one warm child for each slot, one original at a time.
//!
//! A slot is a permit. Whoever holds one either takes a child that waits or starts one, so there are never more children
//! than slots. A child that was lost is replaced meanwhile, by the same permit, before the slot is free again.
//!
//! There are two kinds of children: live ones, and those that take only the CPU time that nothing else wants. No child of
//! the second kind can ever be one of the first again. If all that wait are of the wrong kind, one of them makes room.
//!
//! Where renderers are a tenant's own, a child that one tenant's original was given to gets no other tenant's: such a child
//! is of another kind, too. And some originals, or all, get a fresh child that ends with them.
//!
//! Children are hostile: they get one socket and an empty environment, are walled in by the kernel, are killed at wall-clock
//! deadlines, and nothing that they say is believed before it is checked. What sharing does not give: a child that one
//! original took over can see later originals until it is recycled.
mod alone;
mod answer;
mod build;
mod child;
mod config;
mod counters;
mod deadline;
mod gaps;
mod header;
mod idle;
mod link;
mod original;
mod output;
mod process;
mod session;
mod spawner;
mod stderr;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use minilab_recipe::{Limits, Renderers};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::config::PoolConfig;
pub use self::counters::{Counters, Crashes};
pub use self::gaps::Gap;
pub use self::original::OriginalWriter;

use self::child::{Child, Loss};
use self::session::PooledSession;
use self::spawner::Spawner;
use crate::renderer::{Engine, OriginalFile, Priority, RenderError, Renderer, Session};

/// Digest of the sources that both binaries were built from.
pub const BUILD_ID: &str = build::ID;

/// A pool of renderer processes. All of them die with it.
#[derive(Debug, Clone)]
pub struct ProcessPool {
    shared: Arc<Shared>,
}

/// What the pool and its sessions share.
#[derive(Debug)]
struct Shared {
    config: PoolConfig,
    engine: Engine,
    gaps: Vec<Gap>,
    slots: Arc<Semaphore>,
    /// In MiB; see [`mebibytes`].
    memory: Arc<Semaphore>,
    idle: Mutex<Vec<Child>>,
    tally: counters::Tally,
    runtime: Handle,
    spawner: Spawner,
}

/// What a child must be like for an original.
#[derive(Debug, Clone)]
struct Wanted {
    priority: Priority,
    /// Of whose originals it may have seen some.
    owner: Option<String>,
    /// It must have seen none at all.
    fresh: bool,
}

/// A child and the slot that it sits in.
#[derive(Debug)]
struct Seat {
    child: Child,
    slot: OwnedSemaphorePermit,
}

impl ProcessPool {
    /// Starts one live renderer for each slot; fails if the first does not come up.
    pub async fn start(config: PoolConfig) -> Result<Self, RenderError> {
        let unavailable = |reason: String| RenderError::Unavailable { reason };
        let config = PoolConfig {
            // Children start in another folder.
            renderer: std::path::absolute(&config.renderer).map_err(|cause| {
                unavailable(format!("{} is not a path: {cause}", config.renderer.display()))
            })?,
            ..config
        };
        let spawner = Spawner::start()
            .map_err(|cause| unavailable(format!("no thread to start renderers: {cause}")))?;
        let first = Child::start(&config, &spawner, Priority::Live).await?;
        gaps::warn(&first.gaps);
        let shared = Arc::new(Shared {
            engine: build::engine(&first.engine),
            gaps: first.gaps.clone(),
            slots: Arc::new(Semaphore::new(config.slots as usize)),
            memory: Arc::new(Semaphore::new(mebibytes(config.memory_budget_bytes) as usize)),
            idle: Mutex::new(vec![first]),
            tally: counters::Tally::default(),
            runtime: Handle::current(),
            spawner,
            config,
        });
        shared.tally.started.fetch_add(1, Relaxed);
        for _ in 1..shared.config.slots {
            let slot = Arc::clone(&shared.slots).try_acquire_owned();
            shared.refill(slot.expect("nobody else knows the new pool"), Priority::Live);
        }
        idle::watch(&shared);
        Ok(Self { shared })
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        self.shared.tally.read()
    }

    /// Walls that its renderers do without.
    pub fn gaps(&self) -> &[Gap] {
        &self.shared.gaps
    }

    /// Process ids of the renderers that wait for work.
    pub fn idle_pids(&self) -> Vec<u32> {
        self.shared
            .with_idle(|idle| idle.iter().filter_map(Child::pid).collect())
    }
}

#[async_trait]
impl Renderer for ProcessPool {
    fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    fn expect(&self, head: &[u8], priority: Priority) {
        if alone::head_is_alone(head, self.shared.config.isolation) {
            self.shared.stand_by(priority);
        }
    }

    async fn open(
        &self,
        original: OriginalFile,
        limits: &Limits,
        priority: Priority,
    ) -> Result<Box<dyn Session>, RenderError> {
        let wanted = Wanted {
            priority,
            owner: self.shared.owner(&original),
            fresh: alone::is_alone(&original, self.shared.config.isolation),
        };
        let alone = wanted.fresh;
        let seat = self.shared.sit(wanted).await?;
        let mut session = PooledSession::new(Arc::clone(&self.shared), seat, alone);
        session.open(original, limits).await?;
        Ok(Box::new(session))
    }
}

impl Shared {
    /// Who owns a child that the original is given to. Originals of no tenant are together one tenant's.
    fn owner(&self, original: &OriginalFile) -> Option<String> {
        match self.config.renderers {
            Renderers::Shared => None,
            Renderers::Own => Some(original.tenant.clone().unwrap_or_default()),
        }
    }

    /// Waits for a slot, and takes a child of the kind that is asked.
    async fn sit(self: &Arc<Self>, wanted: Wanted) -> Result<Seat, RenderError> {
        let slot = Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .expect("the pool never closes its slots");
        while let Some(mut child) = self.idle_child(&wanted) {
            if child.is_alive() {
                child.owner = wanted.owner;
                return Ok(Seat { child, slot });
            }
            tracing::warn!("a renderer was ended from outside while it waited for work");
        }
        if let Some(other) = self.surplus_child() {
            self.tally.recycled.fetch_add(1, Relaxed);
            other.retire().await;
        }
        let mut child = self.start_child(wanted.priority).await?;
        child.owner = wanted.owner;
        Ok(Seat { child, slot })
    }

    /// One that is the owner's, or else nobody's; where others would do, none that has seen nothing yet.
    fn idle_child(&self, wanted: &Wanted) -> Option<Child> {
        self.with_idle(|idle| {
            let of = |owner: Option<&String>, fresh: bool| {
                let fits = |child: &Child| {
                    child.priority == wanted.priority
                        && child.owner.as_ref() == owner
                        && (child.jobs == 0) == fresh
                };
                idle.iter().rposition(fits)
            };
            let owner = wanted.owner.as_ref();
            let used = || of(owner, false).or_else(|| of(None, false));
            let fresh = || of(owner, true).or_else(|| of(None, true));
            let at = if wanted.fresh {
                fresh()
            } else {
                used().or_else(fresh)
            };
            Some(idle.remove(at?))
        })
    }

    /// A child without a slot of its own, now that somebody holds one and found no child of the right kind.
    fn surplus_child(&self) -> Option<Child> {
        let free = self.slots.available_permits();
        self.with_idle(|idle| (idle.len() > free).then(|| idle.remove(0)))
    }

    /// Has a child that has seen nothing wait, in the place of one that has nothing to do. Where all are at work, whoever
    /// comes starts it.
    fn stand_by(self: &Arc<Self>, priority: Priority) {
        let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() else {
            return;
        };
        let is_fresh = |child: &Child| child.jobs == 0 && child.priority == priority;
        if self.with_idle(|idle| idle.iter().any(is_fresh)) {
            return;
        }
        let used = self.surplus_child();
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            if let Some(used) = used {
                shared.tally.recycled.fetch_add(1, Relaxed);
                used.retire().await;
            }
            shared.refill(slot, priority);
        });
    }

    /// Starts a child of the engine that this pool has promised.
    async fn start_child(&self, priority: Priority) -> Result<Child, RenderError> {
        let child = Child::start(&self.config, &self.spawner, priority).await?;
        self.tally.started.fetch_add(1, Relaxed);
        if build::engine(&child.engine) == self.engine {
            return Ok(child);
        }
        Err(RenderError::Unavailable {
            reason: format!(
                "a renderer came up with {} where the others have {}: libvips was replaced, restart the worker",
                child.engine, self.engine.version
            ),
        })
    }

    /// Puts a fresh child into a slot while others work, and frees the slot.
    fn refill(self: &Arc<Self>, slot: OwnedSemaphorePermit, priority: Priority) {
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            match shared.start_child(priority).await {
                Ok(child) => shared.with_idle(|idle| idle.push(child)),
                // The next to sit down tries again and is told why it fails.
                Err(error) => tracing::warn!(%error, "a renderer could not be replaced"),
            }
            drop(slot);
        });
    }

    /// Lets a child forget its original and gives its seat to the next.
    async fn settle(self: &Arc<Self>, mut seat: Seat, soiled: bool) {
        let deadline = seat.child.deadline(self.config.probe_deadline);
        match seat.child.close(deadline).await {
            Ok(()) => self.stand_up(seat, soiled).await,
            // Counted and logged there; the original is done with.
            Err(loss) => drop(self.bury(seat, loss, "close").await),
        }
    }

    /// Gives a child back after an original, or a fresh one in its place.
    async fn stand_up(self: &Arc<Self>, seat: Seat, soiled: bool) {
        let Seat { child, slot } = seat;
        let worn = child.jobs >= self.config.recycle_after_jobs
            || child.started.elapsed() >= self.config.recycle_after
            || child.resident_bytes() >= self.config.recycle_rss_bytes;
        if worn || soiled {
            self.tally.recycled.fetch_add(1, Relaxed);
            let priority = child.priority;
            child.retire().await;
            self.refill(slot, priority);
        } else {
            self.with_idle(|idle| idle.push(child));
        }
    }

    /// Ends a child that is of no more use and replaces it.
    async fn bury(self: &Arc<Self>, seat: Seat, loss: Loss, stage: &str) -> RenderError {
        let (pid, priority) = (seat.child.pid(), seat.child.priority);
        let (how, stderr) = seat.child.end(&loss).await;
        self.refill(seat.slot, priority);
        if let Loss::Machine(reason) = loss {
            return RenderError::Unavailable { reason };
        }
        self.tally.lost(how);
        tracing::warn!(pid, %how, stage, stderr, "a renderer was lost");
        RenderError::Crash {
            how,
            stage: stage.to_owned(),
        }
    }

    /// Ends a child whose answer nobody waits for.
    fn abandon(self: &Arc<Self>, seat: Seat) {
        self.tally.abandoned.fetch_add(1, Relaxed);
        let shared = Arc::clone(self);
        self.runtime.spawn(async move {
            let priority = seat.child.priority;
            seat.child.retire().await;
            shared.refill(seat.slot, priority);
        });
    }

    /// Waits until `bytes` fit into the budget; all of it, where they never would.
    async fn admit(&self, bytes: u64) -> OwnedSemaphorePermit {
        let share = mebibytes(bytes).min(mebibytes(self.config.memory_budget_bytes));
        let memory = Arc::clone(&self.memory);
        memory
            .acquire_many_owned(share)
            .await
            .expect("the pool never closes its budget")
    }

    fn with_idle<T>(&self, change: impl FnOnce(&mut Vec<Child>) -> T) -> T {
        change(
            &mut self
                .idle
                .lock()
                .expect("nothing panics while it holds the idle children"),
        )
    }
}

/// Permits are counted in 32 bits; a megabyte is fine enough.
fn mebibytes(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(1 << 20))
        .unwrap_or(u32::MAX)
        .clamp(1, u32::MAX >> 3)
}
