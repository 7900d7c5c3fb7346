//! Leases by our own clock: SQS takes a receipt also when somebody else has the message by now, and would delete it under
//! their hands.
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use ulid::Ulid;

use super::message::Taken;
use crate::{Delivery, Receipt};

/// The deliveries that are out. What ends unsettled, SQS hands out again by itself.
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
        let now = Instant::now();
        let mut leased = self.leased();
        leased.retain(|_, leased| leased.lasts(now));
        let deliveries = messages.into_iter().map(|taken| {
            let delivery = Delivery {
                queue: taken.queue.clone(),
                receipt: Receipt(Ulid::generate().to_string()),
                payload: taken.payload.clone(),
                redelivered: taken.redelivered,
                lease: self.lease,
                reason: taken.reason.clone(),
            };
            let until = now + self.lease;
            leased.insert(delivery.receipt.clone(), Leased { taken, until });
            delivery
        });
        deliveries.collect()
    }

    /// The message of a receipt, while it is ours.
    pub fn message(&self, receipt: &Receipt) -> Option<Taken> {
        let leased = self.leased();
        let leased = leased.get(receipt)?;
        leased.lasts(Instant::now()).then(|| leased.taken.clone())
    }

    /// Moves the end of a lease that has been extended by what was asked at this time. No: it had ended meanwhile.
    pub fn extend(&self, receipt: &Receipt, asked: Instant) -> bool {
        match self.leased().get_mut(receipt) {
            Some(leased) if leased.lasts(Instant::now()) => {
                leased.until = asked + self.lease;
                true
            }
            Some(_) | None => false,
        }
    }

    /// SQS says that it is not ours.
    pub fn forget(&self, receipt: &Receipt) {
        self.leased().remove(receipt);
    }

    /// Takes a delivery to settle it; nobody else can meanwhile. `None`: the lease is lost.
    pub fn settle(&self, receipt: &Receipt) -> Option<Settling<'_>> {
        let mut all = self.leased();
        if !all.get(receipt)?.lasts(Instant::now()) {
            return None;
        }
        let leased = all.remove(receipt);
        Some(Settling {
            leases: self,
            receipt: receipt.clone(),
            leased,
        })
    }

    fn leased(&self) -> MutexGuard<'_, HashMap<Receipt, Leased>> {
        self.leased.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leased {
    fn lasts(&self, now: Instant) -> bool {
        now < self.until
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

    /// Is it ours still, whatever took so long?
    pub fn lasts(&self) -> bool {
        let leased = self.leased.as_ref().expect("only `finish` takes it");
        leased.lasts(Instant::now())
    }

    /// Nothing can be said of it any more.
    pub fn finish(mut self) {
        self.leased = None;
    }
}

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        if let Some(leased) = self.leased.take() {
            self.leases.leased().insert(self.receipt.clone(), leased);
        }
    }
}
