//! Permits to work: taken before a delivery is received, held until it is settled.
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many jobs run at the same time, and how many of them may be of other lanes than `fast`. Clones are the same slots.
#[derive(Debug, Clone)]
pub(super) struct Slots {
    all: Arc<Semaphore>,
    common: Arc<Semaphore>,
    size: usize,
    kept: usize,
    busy: Arc<AtomicUsize>,
}

/// A slot that is held.
#[derive(Debug)]
pub(super) struct Permit {
    _slot: OwnedSemaphorePermit,
    common: Option<OwnedSemaphorePermit>,
}

/// A slot at work, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    _permit: Permit,
    size: usize,
    kept: usize,
    busy: Arc<AtomicUsize>,
}

impl Slots {
    /// `kept` of them are for `fast` alone, so that a thumbnail never waits behind long encodings only.
    pub fn new(slots: usize, kept: usize) -> Self {
        let slots = slots.max(1);
        let common = slots.saturating_sub(kept).max(1);
        Self {
            all: Arc::new(Semaphore::new(slots)),
            common: Arc::new(Semaphore::new(common)),
            size: slots,
            kept,
            busy: Arc::default(),
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

    /// A delivery has come for the permit.
    pub fn seat(&self, permit: Permit) -> Seat {
        self.busy.fetch_add(1, Relaxed);
        Seat {
            _permit: permit,
            size: self.size,
            kept: self.kept,
            busy: Arc::clone(&self.busy),
        }
    }

    /// How many slots are at work, out of how many.
    pub fn occupied(&self) -> (usize, usize) {
        (self.busy.load(Relaxed), self.size)
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

impl Seat {
    /// Is there another slot for the next upload's thumbnail, or is none kept for it?
    pub fn leaves_one(&self) -> bool {
        self.kept == 0 || self.busy.load(Relaxed) < self.size
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.busy.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn last_of_several_slots_is_kept_for_fast() {
        let slots = Slots::new(2, 1);
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
        let slots = Slots::new(2, 1);
        let _fast = slots.acquire().await.for_fast();
        assert!(slots.acquire().await.is_common());
    }

    #[tokio::test]
    async fn last_seat_leaves_none() {
        let slots = Slots::new(2, 1);
        let first = slots.seat(slots.acquire().await);
        assert!(first.leaves_one());
        let second = slots.seat(slots.acquire().await);
        assert!(!first.leaves_one() && !second.leaves_one());
        assert_eq!(slots.occupied(), (2, 2));
        drop(first);
        assert!(second.leaves_one());
        let only = Slots::new(1, 0);
        assert!(only.seat(only.acquire().await).leaves_one());
    }

    #[tokio::test]
    async fn slots_of_which_none_is_kept_are_good_for_any_lane() {
        let slots = Slots::new(2, 0);
        let (first, second) = (slots.acquire().await, slots.acquire().await);
        assert!(first.is_common() && second.is_common());
        let (first, second) = (slots.seat(first), slots.seat(second));
        assert!(first.leaves_one() && second.leaves_one());
    }

    #[tokio::test]
    async fn only_slot_is_good_for_any_lane() {
        assert!(Slots::new(1, 0).acquire().await.is_common());
    }
}
