//! Leases, which the broker does not know: to it a delivery is ours for as long as its channel lives. Here one ends that
//! nobody extends, so that a holder that hangs or has dropped its delivery keeps nothing back.
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use ulid::Ulid;

use super::channels::Taken;
use crate::{Delivery, Receipt, Settled};

/// The deliveries that are out.
#[derive(Debug)]
pub(super) struct Leases {
    lease: Duration,
    leased: Mutex<HashMap<Receipt, Leased>>,
}

#[derive(Debug)]
struct Leased {
    taken: Taken,
    until: Instant,
}

impl Leases {
    pub fn new(lease: Duration) -> Self {
        Self {
            lease,
            leased: Mutex::default(),
        }
    }

    /// Hands messages out.
    pub fn start(&self, messages: Vec<Taken>) -> Vec<Delivery> {
        let until = Instant::now() + self.lease;
        let mut leased = self.leased();
        let deliveries = messages.into_iter().map(|taken| {
            let delivery = Delivery {
                queue: taken.queue.clone(),
                receipt: Receipt(Ulid::generate().to_string()),
                payload: taken.payload.clone(),
                redelivered: taken.redelivered,
                lease: self.lease,
                reason: taken.reason.clone(),
            };
            leased.insert(delivery.receipt.clone(), Leased { taken, until });
            delivery
        });
        deliveries.collect()
    }

    pub fn extend(&self, receipt: &Receipt) -> Settled {
        let now = Instant::now();
        match self.leased().get_mut(receipt) {
            Some(leased) if leased.lasts(now) => {
                leased.until = now + self.lease;
                Settled::Done
            }
            Some(_) | None => Settled::LeaseLost,
        }
    }

    /// Takes a delivery to settle it; nobody else can meanwhile, nor does its lease end. `None`: the lease is lost.
    pub fn settle(&self, receipt: &Receipt) -> Option<Settling<'_>> {
        let now = Instant::now();
        let mut all = self.leased();
        if !all.get(receipt)?.lasts(now) {
            return None;
        }
        let leased = all.remove(receipt);
        Some(Settling {
            leases: self,
            receipt: receipt.clone(),
            leased,
        })
    }

    /// Takes the deliveries whose leases have ended, and says when to look again.
    pub fn ended(&self) -> (Vec<Taken>, Instant) {
        let now = Instant::now();
        let mut all = self.leased();
        let ended = all.extract_if(|_, leased| !leased.lasts(now));
        let ended = ended.map(|(_, leased)| leased.taken).collect();
        // What is handed out from now on lasts for a whole lease.
        let next = all.values().map(|leased| leased.until).min();
        (ended, next.unwrap_or(now + self.lease))
    }

    fn leased(&self) -> MutexGuard<'_, HashMap<Receipt, Leased>> {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leased {
    fn lasts(&self, now: Instant) -> bool {
        now < self.until && self.taken.is_ours()
    }
}

/// A delivery that is being settled. Dropping it leaves it as it was.
pub(super) struct Settling<'a> {
    leases: &'a Leases,
    receipt: Receipt,
    leased: Option<Leased>,
}

impl Settling<'_> {
    pub fn message(&self) -> &Taken {
        &self.leased.as_ref().expect("only `finish` takes it").taken
    }

    /// The message, to tell the broker.
    pub fn finish(mut self) -> Taken {
        self.leased.take().expect("only `finish` takes it").taken
    }
}

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        if let Some(leased) = self.leased.take() {
            self.leases.leased().insert(self.receipt.clone(), leased);
        }
    }
}
