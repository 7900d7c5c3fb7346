//! A queue that fails as its script says, for the tests of everything above the port.
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use crate::{
    Delivery, Depth, Disposition, Error, Limits, Noticed, Outgoing, Queue, QueueName, Receipt, Settled,
};

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Nothing has happened.
    BeforeEffect,
    /// It was done; only the answer is lost.
    AfterEffect,
}

/// One line of the script. Calls and deliveries are counted from 1, from the making of the [`Faulty`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The nth `send` answers [`Error::Unavailable`].
    Send {
        /// Which.
        nth: u64,
        /// Before or after the messages were taken.
        moment: Moment,
    },
    /// The nth `settle` answers [`Error::Unavailable`].
    Settle {
        /// Which.
        nth: u64,
        /// Before or after it counted.
        moment: Moment,
    },
    /// The nth delivery's lease is lost at once: neither `extend` nor `settle` counts, and the message comes again when the
    /// broker's lease has run out.
    Lease {
        /// Which.
        nth: u64,
    },
}

/// A queue with a script of faults, and a plug to pull.
#[derive(Debug)]
pub struct Faulty {
    inner: Arc<dyn Queue>,
    script: Vec<Fault>,
    sends: AtomicU64,
    settles: AtomicU64,
    deliveries: AtomicU64,
    lost: Mutex<HashSet<Receipt>>,
    is_cut: AtomicBool,
    is_blocked: AtomicBool,
}

impl Faulty {
    /// Wraps a queue. Faults that do not come up are not missed.
    pub fn new(inner: Arc<dyn Queue>, script: impl Into<Vec<Fault>>) -> Self {
        Self {
            inner,
            script: script.into(),
            sends: AtomicU64::new(0),
            settles: AtomicU64::new(0),
            deliveries: AtomicU64::new(0),
            lost: Mutex::default(),
            is_cut: AtomicBool::new(false),
            is_blocked: AtomicBool::new(false),
        }
    }

    /// The broker is gone: every call answers [`Error::Unavailable`] until [`Self::mend`].
    pub fn cut(&self) {
        self.is_cut.store(true, Ordering::SeqCst);
    }

    /// The broker takes no messages until [`Self::mend`], neither from `send` nor in the place of settled ones. It answers and
    /// delivers all the same.
    pub fn block(&self) {
        self.is_blocked.store(true, Ordering::SeqCst);
    }

    /// The broker is back.
    pub fn mend(&self) {
        self.is_cut.store(false, Ordering::SeqCst);
        self.is_blocked.store(false, Ordering::SeqCst);
    }

    /// How many deliveries there were.
    pub fn handed_out(&self) -> u64 {
        self.deliveries.load(Ordering::SeqCst)
    }

    fn takes(&self, operation: &'static str) -> Result<(), Error> {
        if self.is_blocked.load(Ordering::SeqCst) {
            return Err(scripted(operation));
        }
        self.reachable(operation)
    }

    fn reachable(&self, operation: &'static str) -> Result<(), Error> {
        if self.is_cut.load(Ordering::SeqCst) {
            Err(scripted(operation))
        } else {
            Ok(())
        }
    }

    fn moment(&self, find: impl Fn(&Fault) -> Option<Moment>) -> Option<Moment> {
        self.script.iter().find_map(find)
    }

    fn is_lost(&self, receipt: &Receipt) -> bool {
        self.lost
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(receipt)
    }

    fn lose_as_scripted(&self, delivery: &Delivery) {
        let count = count(&self.deliveries);
        if self.script.contains(&Fault::Lease { nth: count }) {
            self.lost
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(delivery.receipt.clone());
        }
    }
}

fn count(calls: &AtomicU64) -> u64 {
    calls.fetch_add(1, Ordering::SeqCst) + 1
}

fn scripted(operation: &'static str) -> Error {
    Error::Unavailable {
        queue: "faulty".into(),
        operation,
        cause: "the script says so".into(),
    }
}

#[async_trait]
impl Queue for Faulty {
    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        self.takes("send")?;
        let count = count(&self.sends);
        let moment = self.moment(|fault| match *fault {
            Fault::Send { nth, moment } if nth == count => Some(moment),
            _ => None,
        });
        match moment {
            None => self.inner.send(messages).await,
            Some(Moment::BeforeEffect) => Err(scripted("send")),
            Some(Moment::AfterEffect) => {
                self.inner.send(messages).await?;
                Err(scripted("send"))
            }
        }
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        self.reachable("receive")?;
        let deliveries = self.inner.receive(queue, max, wait).await?;
        for delivery in &deliveries {
            self.lose_as_scripted(delivery);
        }
        Ok(deliveries)
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        self.reachable("extend")?;
        if self.is_lost(receipt) {
            Ok(Settled::LeaseLost)
        } else {
            self.inner.extend(receipt).await
        }
    }

    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
        match &disposition {
            Disposition::Complete => self.reachable("settle")?,
            Disposition::Retry { .. } | Disposition::Release { .. } | Disposition::Reject { .. } => {
                self.takes("settle")?;
            }
        }
        if self.is_lost(receipt) {
            return Ok(Settled::LeaseLost);
        }
        let count = count(&self.settles);
        let moment = self.moment(|fault| match *fault {
            Fault::Settle { nth, moment } if nth == count => Some(moment),
            _ => None,
        });
        match moment {
            None => self.inner.settle(receipt, disposition).await,
            Some(Moment::BeforeEffect) => Err(scripted("settle")),
            Some(Moment::AfterEffect) => {
                self.inner.settle(receipt, disposition).await?;
                Err(scripted("settle"))
            }
        }
    }

    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        self.reachable("depth")?;
        self.inner.depth(queue).await
    }

    async fn works(&self, queue: &QueueName) -> Result<(), Error> {
        self.takes("works")?;
        self.inner.works(queue).await
    }

    fn noticed(&self) -> Noticed {
        self.inner.noticed()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
