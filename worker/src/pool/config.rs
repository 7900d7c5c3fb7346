//! How the pool runs. Numbers and their reasons: docs/SECURITY.md.
use std::path::PathBuf;
use std::time::Duration;

use minilab_recipe::{Isolation, Renderers, Sandbox};

/// Settings of a [`ProcessPool`](super::ProcessPool).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolConfig {
    /// The `minilab-renderer` of this build.
    pub renderer: PathBuf,
    /// Does a renderer work on originals of everybody, or of one tenant?
    pub renderers: Renderers,
    /// Which originals does a renderer see?
    pub isolation: Isolation,
    /// What becomes of a renderer that the kernel does not wall in?
    pub sandbox: Sandbox,
    /// Renderers at work at one time; each is one thread of libvips.
    pub slots: u32,
    /// Sum of the predicted memory of the plans at work at one time. A plan that is larger runs alone.
    pub memory_budget_bytes: u64,
    /// Address space of one renderer. It counts reservations, so it is well above what a plan may use.
    pub address_space_bytes: u64,
    /// Largest file that a renderer may write.
    pub file_bytes_max: u64,
    /// Wall clock from spawn to the end of warm-up.
    pub start_deadline: Duration,
    /// Wall clock of a probe: a header, however large the original.
    pub probe_deadline: Duration,
    /// Wall clock of a trim; of a render, before its predicted CPU time is added.
    pub render_deadline: Duration,
    /// The predicted CPU time counts this many times: the machine may be slower than predicted, and busy.
    pub predicted_cpu_factor: u32,
    /// A renderer is replaced after this many originals, which ends leaks and fragmentation.
    pub recycle_after_jobs: u32,
    /// And after this time, at work or not.
    pub recycle_after: Duration,
    /// And when it holds this much memory while it has nothing to do.
    pub recycle_rss_bytes: u64,
}

impl PoolConfig {
    /// The defaults, for one renderer per CPU and three quarters of a gigabyte for each.
    pub fn new(renderer: impl Into<PathBuf>, slots: u32) -> Self {
        Self {
            renderer: renderer.into(),
            renderers: Renderers::default(),
            isolation: Isolation::default(),
            sandbox: Sandbox::default(),
            slots,
            memory_budget_bytes: u64::from(slots) * (768 << 20),
            address_space_bytes: 1536 << 20,
            file_bytes_max: 50 << 20,
            start_deadline: Duration::from_secs(20),
            probe_deadline: Duration::from_secs(3),
            render_deadline: Duration::from_secs(30),
            predicted_cpu_factor: 4,
            recycle_after_jobs: 100,
            recycle_after: Duration::from_mins(10),
            recycle_rss_bytes: 512 << 20,
        }
    }
}
