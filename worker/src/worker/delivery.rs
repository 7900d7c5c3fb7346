//! One delivery: attempted under its lease, judged, settled, reported.
use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use futures::FutureExt as _;
use minilab_queue::{Delivery, LeaseEnd, LeaseKeeper};
use tokio::{sync::RwLock, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Observer, Seat, canary, health::Health};
use crate::{
    Error,
    attempt::{Attempt, Trace, World},
    envelope::Envelope,
    outcome::{Budget, Class, Run, verdict},
    report::JobReport,
};

/// Nothing that is planned takes longer. Under the consumer timeouts of all brokers.
const HELD_MAX: Duration = Duration::from_mins(20);

/// Sees deliveries through.
pub(super) struct Courier {
    pub world: World,
    pub health: Health,
    pub budget: Budget,
    pub observer: Observer,
    /// Held by every attempt; a job that crashed before holds it alone, so that it takes nobody down with it and is blamed
    /// for nobody else.
    pub solitude: RwLock<()>,
}

impl std::fmt::Debug for Courier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Courier")
            .field("world", &self.world)
            .field("health", &self.health)
            .finish_non_exhaustive()
    }
}

impl Courier {
    /// Takes a delivery from its receipt to its settlement.
    pub async fn deliver(&self, delivery: Delivery, seat: &Seat, abort: &CancellationToken) {
        let received = Instant::now();
        let keeper = LeaseKeeper::start(Arc::clone(&self.world.queue), &delivery, HELD_MAX);
        let envelope = match Envelope::parse(&delivery.payload) {
            Ok(envelope) => envelope,
            Err(error) => return self.refuse(&delivery, &error).await,
        };
        let job = &envelope.job;
        let trace = Trace::new(
            envelope.lane,
            delivery.redelivered || job.ambiguous || job.redrives > 0,
        );
        let ended = if delivery.redelivered {
            // Counted before it is tried: a job that kills its worker would never be counted after.
            Err(Error::Unsettled)
        } else {
            let attempt = Attempt::new(&self.world, &envelope, &trace, seat);
            self.attempt(attempt, job.crashes > 0, &keeper, abort).await
        };
        let (class, error) = match ended {
            Ok(class) => (class, None),
            Err(error) => (self.classify(&error).await, Some(error)),
        };
        self.tell_health(class, error.as_ref());
        let permanent = matches!(error, Some(Error::Panic { .. }));
        let run = Run {
            class,
            permanent,
            ambiguous: trace.owes_anything(),
            job,
        };
        let verdict = (class, verdict(run, &self.budget));
        let settlement = self
            .carry_out(&delivery, &envelope, (&trace, seat), verdict, error.as_ref())
            .await;
        drop(keeper);
        let work = trace.work();
        let report = JobReport {
            job_id: job.id.clone(),
            key: job.key.clone(),
            queue: delivery.queue.to_string(),
            lane: envelope.lane,
            tenant: job.tenant.clone(),
            attempt: job.attempt + 1,
            class,
            failure: error
                .map(|error| error.code_and_sentence())
                .or_else(|| work.lanes.iter().find_map(|lane| lane.failure.clone())),
            settlement,
            waited: self.since(job.enqueued_at_ms).saturating_sub(received.elapsed()),
            took: received.elapsed(),
            work,
        };
        report.log();
        (self.observer)(&report);
    }

    /// The attempt, until it ends, or the lease does, or the worker is to stop. Stopping it drops it: what it sent and got
    /// no answer to is in the trace.
    async fn attempt(
        &self,
        attempt: Attempt<'_>,
        has_crashed: bool,
        keeper: &LeaseKeeper,
        abort: &CancellationToken,
    ) -> Result<Class, Error> {
        let attempt = async {
            if has_crashed {
                let _alone = self.solitude.write().await;
                attempt.run().await
            } else {
                let _among_others = self.solitude.read().await;
                attempt.run().await
            }
        };
        tokio::select! {
            biased;
            () = keeper.ended().cancelled() => Err(match keeper.reason() {
                Some(LeaseEnd::CapReached) => Error::Deadline,
                Some(LeaseEnd::Lost) | None => Error::LeaseLost,
            }),
            () = abort.cancelled() => Err(Error::Aborted),
            ended = AssertUnwindSafe(attempt).catch_unwind() => {
                ended.unwrap_or_else(|panic| Err(Error::Panic { message: message(&*panic) }))
            }
        }
    }

    /// As [`Class::of`], but an object that is refused while nothing else works either is not refused alone.
    async fn classify(&self, error: &Error) -> Class {
        match Class::of(error) {
            Class::Denied if canary::check(&self.world).await.is_err() => Class::Dependency,
            class => class,
        }
    }

    fn tell_health(&self, class: Class, error: Option<&Error>) {
        match (class, error) {
            (Class::Dependency, Some(error)) => self.health.failed(error),
            (Class::Complete | Class::Partial | Class::Input, _) => self.health.proven(),
            _ => {}
        }
    }

    /// Waits, where something that every job needs is missing, until a canary says that it is back.
    pub async fn until_ready(&self) {
        while !self.health.is_ready() {
            tokio::time::sleep(self.health.next_pause()).await;
            match canary::check(&self.world).await {
                Ok(()) => self.health.recovered(),
                Err(error) => self.health.failed(&error),
            }
        }
    }

    fn since(&self, ms: u64) -> Duration {
        let then = UNIX_EPOCH + Duration::from_millis(ms);
        if ms == 0 {
            Duration::ZERO
        } else {
            self.world.clock.now().duration_since(then).unwrap_or_default()
        }
    }
}

pub(super) fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}
