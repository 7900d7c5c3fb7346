//! Renderers that have seen originals and have nothing to do do not outlive their time either: whatever took one over is gone
//! with it, however quiet the night is.
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::Shared;
use super::child::Child;

/// Looks within a renderer's time: it is exceeded by a tenth at most.
const LOOKS: u32 = 10;

/// Looks at those that wait for as long as the pool is there.
pub(super) fn watch(shared: &Arc<Shared>) {
    let pause = shared.config.recycle_after / LOOKS;
    let pool = Arc::downgrade(shared);
    shared.runtime.spawn(async move {
        loop {
            tokio::time::sleep(pause).await;
            let Some(shared) = pool.upgrade() else { return };
            shared.renew_idle().await;
        }
    });
}

impl Shared {
    /// Replaces those whose time is over. One that has seen nothing stays: nothing can have happened to it.
    async fn renew_idle(self: &Arc<Self>) {
        let is_over = |child: &Child| child.jobs > 0 && child.started.elapsed() >= self.config.recycle_after;
        // Where all are at work, each is looked at when it comes back.
        while let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
            let worn = self.with_idle(|idle| Some(idle.remove(idle.iter().position(is_over)?)));
            let Some(worn) = worn else { return };
            self.tally.recycled.fetch_add(1, Relaxed);
            let priority = worn.priority;
            worn.retire().await;
            self.refill(slot, priority);
        }
    }
}
