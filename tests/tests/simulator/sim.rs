//! What all processes of a run share: the far ends as they are, the weather, the time, and who watches over them.
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use minilab_queue::{Clock, Memory as MemoryQueue};
use minilab_store::Memory;
use tokio::time::Instant;

use crate::{broken::Broken, ledger::Ledger, trace::Trace, weather::Weather};

/// One run.
pub struct Sim {
    pub weather: Weather,
    pub trace: Arc<Trace>,
    pub ledger: Arc<Ledger>,
    pub shelves: Shelves,
    pub queue: Arc<MemoryQueue>,
    /// Does the queue merge jobs of one key, or is it a plain one?
    pub coalesces: bool,
    pub clock: Arc<VirtualClock>,
    pub broken: Option<Broken>,
}

/// The stores as they are.
#[derive(Debug, Clone)]
pub struct Shelves {
    pub originals: Memory,
    pub output: Memory,
    pub state: Memory,
}

impl Shelves {
    pub fn new(clock: &Arc<VirtualClock>) -> Self {
        let store = || {
            let clock = Arc::clone(clock);
            Memory::with_clock(move || clock.now())
        };
        Self {
            originals: store(),
            output: store(),
            state: store(),
        }
    }
}

/// tokio's time as calendar time, so that pausing pauses both.
#[derive(Debug)]
pub struct VirtualClock(Instant);

impl VirtualClock {
    pub fn new() -> Self {
        Self(Instant::now())
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000) + self.0.elapsed()
    }

    async fn sleep_until(&self, at: SystemTime) {
        tokio::time::sleep(at.duration_since(self.now()).unwrap_or_default()).await;
    }
}
