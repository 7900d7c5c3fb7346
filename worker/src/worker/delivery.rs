//! One delivery: attempted under its lease, judged, settled, reported.
use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use futures::FutureExt as _;
use minilab_protos::job::Job;
use minilab_queue::{Delivery, LeaseEnd, LeaseKeeper};
use minilab_telemetry::traces::{SpanContext, Tracer};
use tokio::{
    sync::{Mutex, RwLock},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use super::{Observer, Seat, Stop, health::Health, shares::Shares};
use crate::{
    Error,
    attempt::{Attempt, Trace, World},
    envelope::{Envelope, Unread},
    outcome::{Budget, Class, Run, verdict},
    report::{JobReport, Place, Settlement},
};

/// Nothing that is planned takes longer. Under the consumer timeouts of all brokers.
const HELD_MAX: Duration = Duration::from_mins(20);
/// A job that comes so little before its time is not handed back: clocks of workers differ.
const EARLY: Duration = Duration::from_secs(5);
/// Predicted CPU time counts this many times, as in the pool: the machine may be slower than predicted, and busy.
const PLANNED_FACTOR: u32 = 4;

/// Sees deliveries through.
pub(super) struct Courier {
    pub world: World,
    pub health: Health,
    pub budget: Budget,
    pub shares: Shares,
    pub observer: Observer,
    pub tracer: Tracer,
    /// Held by every attempt; a job that crashed before holds it alone, so that it takes nobody down with it and is blamed
    /// for nobody else. What would wait for it is handed back: a worker that dies leaves all that it holds marked.
    pub solitude: RwLock<()>,
    /// Held by the job that runs alone or is next to.
    pub suspect: Mutex<()>,
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
    pub async fn deliver(&self, delivery: Delivery, seat: &Seat, stop: &Stop) {
        let (received, received_at) = (Instant::now(), self.world.clock.now());
        let keeper = LeaseKeeper::start(Arc::clone(&self.world.queue), &delivery, HELD_MAX);
        let envelope = match Envelope::parse(&delivery.payload) {
            Ok(envelope) => envelope,
            // What is undone at an abort comes again.
            Err(Unread::Newer(version)) => {
                stop.in_time(self.leave(&delivery, version)).await;
                return;
            }
            Err(Unread::NoJob(error)) => {
                stop.in_time(self.refuse(&delivery, &error)).await;
                return;
            }
        };
        let job = &envelope.job;
        if let Some(delay) = self.left_to_wait(job).filter(|_| !delivery.redelivered) {
            stop.in_time(self.wait_on(&delivery, delay)).await;
            return;
        }
        let share = self.shares.take(&job.tenant);
        // One that nobody settled is counted, which takes no time, and not tried.
        if share.is_none() && !delivery.redelivered {
            stop.in_time(self.put_off(&delivery)).await;
            return;
        }
        let place = self.place(job);
        let trace = Trace::new(
            envelope.lane,
            delivery.redelivered || job.ambiguous || job.redrives > 0,
        )
        .at(place.map(|place| place.context));
        let ended = if delivery.redelivered {
            // Counted before it is tried: a job that kills its worker would never be counted after.
            Err(Error::Unsettled)
        } else {
            let attempt = Attempt::new(&self.world, &envelope, &trace, seat);
            let attempt = self.in_its_turn(attempt, &envelope, &trace, &stop.drain);
            Self::under_lease(attempt, &keeper, &stop.abort).await
        };
        let concluded = stop
            .in_time(Box::pin(self.conclude(
                &delivery,
                &envelope,
                (&trace, seat),
                &ended,
            )))
            .await;
        let (class, settlement) = concluded.unwrap_or((Class::Aborted, None));
        drop(keeper);
        let work = trace.work();
        let report = JobReport {
            job_id: job.id.clone(),
            key: job.key.clone(),
            queue: delivery.queue.to_string(),
            lane: envelope.lane,
            tenant: job.tenant.clone(),
            attempt: job.attempt + 1,
            original_bytes: job.hint.as_ref().map_or(0, |hint| hint.size_bytes),
            class,
            failure: ended
                .err()
                .map(|error| error.code_and_sentence())
                .or_else(|| work.lanes.iter().find_map(|lane| lane.failure.clone())),
            settlement,
            waited: self.since(job.enqueued_at_ms).saturating_sub(received.elapsed()),
            took: received.elapsed(),
            work,
            received_at,
            place,
            steps: trace.steps(received),
        };
        report.log();
        (self.observer)(&report);
    }

    /// The attempt, if it may begin, until its deadline. At a drain, what has not begun does not.
    async fn in_its_turn(
        &self,
        attempt: Attempt<'_>,
        envelope: &Envelope,
        trace: &Trace,
        drain: &CancellationToken,
    ) -> Result<Class, Error> {
        if drain.is_cancelled() {
            return Err(Error::Aborted);
        }
        let _turn = if envelope.job.crashes > 0 {
            let suspect = self.suspect.try_lock().map_err(|_| Error::Beside)?;
            let alone = drain.run_until_cancelled(self.solitude.write()).await;
            (Some((alone.ok_or(Error::Aborted)?, suspect)), None)
        } else {
            let beside = self.solitude.try_read().map_err(|_| Error::Beside)?;
            (None, Some(beside))
        };
        tokio::select! {
            biased;
            ended = attempt.run() => ended,
            () = self.overdue(trace) => Err(Error::Deadline),
        }
    }

    /// Until the lease ends, or the worker is to stop. Stopping an attempt drops it: what it sent and got no answer to is
    /// in the trace.
    async fn under_lease(
        attempt: impl Future<Output = Result<Class, Error>>,
        keeper: &LeaseKeeper,
        abort: &CancellationToken,
    ) -> Result<Class, Error> {
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

    /// Returns when a run that begins now has taken longer than it may. Planning gives it more time.
    async fn overdue(&self, trace: &Trace) {
        let begun = Instant::now();
        let allowed = || {
            let planned = trace.planned().saturating_mul(PLANNED_FACTOR);
            self.budget.deadline.saturating_add(planned).min(HELD_MAX)
        };
        while begun.elapsed() < allowed() {
            tokio::time::sleep_until(begun + allowed()).await;
        }
    }

    /// Judged and settled.
    async fn conclude(
        &self,
        delivery: &Delivery,
        envelope: &Envelope,
        at: (&Trace, &Seat),
        ended: &Result<Class, Error>,
    ) -> (Class, Option<Settlement>) {
        let job = &envelope.job;
        let class = self.judge(&job.key, ended).await;
        let run = Run {
            class,
            permanent: matches!(ended, Err(Error::Panic { .. })),
            ambiguous: at.0.owes_anything(),
            job,
        };
        let verdict = (class, verdict(run, &self.budget));
        let error = ended.as_ref().err();
        let settlement = self.carry_out(delivery, envelope, at, verdict, error).await;
        (class, settlement)
    }

    /// Below what sent the job; where nobody there traced, the beginning of a trace.
    fn place(&self, job: &Job) -> Option<Place> {
        let parent = SpanContext::parse(&job.traceparent);
        let context = parent
            .map(|parent| parent.child())
            .or_else(|| self.tracer.begin());
        context.map(|context| Place { context, parent })
    }

    /// How long a retry has to wait still, where the broker does not keep delays as long as ours (SQS: 15 min).
    fn left_to_wait(&self, job: &Job) -> Option<Duration> {
        let longest = self.budget.backoff.delays().iter().max()?;
        if self.world.queue.limits().delay_max >= *longest {
            return None;
        }
        let due = UNIX_EPOCH + Duration::from_millis(job.not_before_ms);
        let left = due.duration_since(self.world.clock.now()).ok()?;
        // More than we ever ask for is a clock that is wrong, by which nothing waits.
        (EARLY..=*longest).contains(&left).then_some(left)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_deadline_lies_within_what_a_delivery_is_held_and_that_within_what_brokers_allow() {
        let rabbitmq_allows = Duration::from_mins(30);
        assert!(Budget::default().deadline < HELD_MAX && HELD_MAX < rabbitmq_allows);
    }
}
