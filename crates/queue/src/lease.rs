//! Keeps a delivery ours while it is worked on, and says so when it no longer is.
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use tokio::{
    task::JoinHandle,
    time::{Instant, sleep_until, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{Delivery, Queue, Receipt, Settled};

/// Extensions per lease: two may fail before it is lost.
const EXTENSIONS_PER_LEASE: u32 = 3;
/// After a failed extension it is tried again this often per lease.
const RETRIES_PER_LEASE: u32 = 12;
/// The cap is a limit, not a promise of representable time.
const CAP_MAX: Duration = Duration::from_hours(24);

/// Why a lease is kept no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaseEnd {
    /// Somebody else has or will have the message: what is settled now does not count.
    Lost,
    /// It was held for as long as one may be. Still ours for a moment, to settle it.
    CapReached,
}

/// Extends a delivery's lease every third of it, until dropped.
///
/// The attempt watches [`Self::ended`] and stops when it fires: when the broker says that the lease is lost, when no
/// extension has succeeded for a whole lease, or at the cap on total time.
#[derive(Debug)]
pub struct LeaseKeeper {
    ended: CancellationToken,
    reason: Arc<OnceLock<LeaseEnd>>,
    task: JoinHandle<()>,
}

impl LeaseKeeper {
    /// Starts keeping. Call it as soon as `receive` has answered: it counts the lease from now.
    pub fn start(queue: Arc<dyn Queue>, delivery: &Delivery, cap: Duration) -> Self {
        let (ended, reason) = (CancellationToken::new(), Arc::new(OnceLock::new()));
        let now = Instant::now();
        let watch = Watch {
            queue,
            receipt: delivery.receipt.clone(),
            lease: delivery.lease,
            ours_until: now + delivery.lease,
            cap_at: now + cap.min(CAP_MAX),
        };
        let task = tokio::spawn({
            let (ended, reason) = (ended.clone(), Arc::clone(&reason));
            async move {
                let end = watch.keep().await;
                reason.set(end).expect("only this task says why");
                ended.cancel();
            }
        });
        Self { ended, reason, task }
    }

    /// Fires when the lease is kept no longer.
    pub fn ended(&self) -> &CancellationToken {
        &self.ended
    }

    /// Why it is kept no longer; `None` while it is.
    pub fn reason(&self) -> Option<LeaseEnd> {
        self.reason.get().copied()
    }
}

impl Drop for LeaseKeeper {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Watch {
    queue: Arc<dyn Queue>,
    receipt: Receipt,
    lease: Duration,
    ours_until: Instant,
    cap_at: Instant,
}

impl Watch {
    async fn keep(mut self) -> LeaseEnd {
        let mut next = Instant::now() + self.lease / EXTENSIONS_PER_LEASE;
        loop {
            sleep_until(next.min(self.ours_until).min(self.cap_at)).await;
            let asked = Instant::now();
            if asked >= self.cap_at {
                return LeaseEnd::CapReached;
            }
            // A broker that does not answer is as bad as one that fails, once the lease has run out meanwhile.
            match timeout_at(self.ours_until, self.queue.extend(&self.receipt)).await {
                Ok(Ok(Settled::Done)) => {
                    self.ours_until = asked + self.lease;
                    next = asked + self.lease / EXTENSIONS_PER_LEASE;
                }
                Ok(Ok(Settled::LeaseLost)) | Err(_) => return LeaseEnd::Lost,
                Ok(Err(_)) if Instant::now() >= self.ours_until => return LeaseEnd::Lost,
                Ok(Err(error)) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a lease could not be extended, trying again"
                    );
                    next = Instant::now() + self.lease / RETRIES_PER_LEASE;
                }
            }
        }
    }
}
