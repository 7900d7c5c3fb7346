//! Permits to work: taken before a delivery is received, held until it is settled.
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many jobs run at the same time, and how many of them may be of other lanes than `fast`.
#[derive(Debug)]
pub(super) struct Slots {
    all: Arc<Semaphore>,
    common: Arc<Semaphore>,
}

/// A slot that is held.
#[derive(Debug)]
pub(super) struct Permit {
    _slot: OwnedSemaphorePermit,
    common: Option<OwnedSemaphorePermit>,
}

impl Slots {
    /// One of several is kept for `fast`, so that a thumbnail never waits behind long encodings only.
    pub fn new(slots: usize) -> Self {
        let slots = slots.max(1);
        let common = slots.saturating_sub(1).max(1);
        Self {
            all: Arc::new(Semaphore::new(slots)),
            common: Arc::new(Semaphore::new(common)),
        }
    }

    /// Waits for a slot. It may be the one that is kept.
    pub async fn acquire(&self) -> Permit {
        let slot = Arc::clone(&self.all)
            .acquire_owned()
            .await
            .expect("the slots are never closed");
        Permit {
            _slot: slot,
            common: Arc::clone(&self.common).try_acquire_owned().ok(),
        }
    }

    /// Waits until a permit is good for any lane.
    pub async fn widen(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.common)
            .acquire_owned()
            .await
            .expect("the slots are never closed")
    }
}

impl Permit {
    /// Is it good for any lane?
    pub fn is_common(&self) -> bool {
        self.common.is_some()
    }

    pub fn widened(&mut self, common: OwnedSemaphorePermit) {
        self.common = Some(common);
    }

    /// A job of `fast` leaves the common slots to the others.
    pub fn for_fast(self) -> Self {
        Self { common: None, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn last_of_several_slots_is_kept_for_fast() {
        let slots = Slots::new(2);
        let first = slots.acquire().await;
        assert!(first.is_common());
        let second = slots.acquire().await;
        assert!(!second.is_common());
        drop(first);
        let mut second = second;
        second.widened(slots.widen().await);
        assert!(second.is_common());
    }

    #[tokio::test]
    async fn job_of_fast_uses_up_no_common_slot() {
        let slots = Slots::new(2);
        let _fast = slots.acquire().await.for_fast();
        assert!(slots.acquire().await.is_common());
    }

    #[tokio::test]
    async fn only_slot_is_good_for_any_lane() {
        assert!(Slots::new(1).acquire().await.is_common());
    }
}
