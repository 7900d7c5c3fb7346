//! One delivery: attempted under its lease, judged, settled, reported.
use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use futures::FutureExt as _;
use minilab_protos::job::{Job, LastError};
use minilab_queue::{Delivery, Disposition, LeaseEnd, LeaseKeeper, Settled};
use tokio::{sync::RwLock, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{Observer, canary, health::Health};
use crate::{
    Error,
    attempt::{Attempt, Trace, World, failure},
    envelope::{Envelope, payload},
    outcome::{Budget, Class, GivenUp, Run, Verdict, verdict},
    report::JobReport,
};

/// Nothing that is planned takes longer. Under the consumer timeouts of all brokers.
const HELD_MAX: Duration = Duration::from_mins(20);
/// A settlement that fails is tried again; after that the lease runs out and the job comes again.
const SETTLE_TRIES: u32 = 3;
/// Between them.
const SETTLE_PAUSE: Duration = Duration::from_secs(1);
/// Envelopes are kept under 16 KiB.
const SENTENCE_CHARS_MAX: usize = 500;

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
    pub async fn deliver(&self, delivery: Delivery, abort: &CancellationToken) {
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
            self.attempt(&envelope, &trace, &keeper, abort).await
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
        let settled = self
            .carry_out(
                &delivery,
                &envelope,
                &trace,
                verdict(run, &self.budget),
                error.as_ref(),
            )
            .await;
        drop(keeper);
        let report = JobReport {
            job_id: job.id.clone(),
            key: job.key.clone(),
            queue: delivery.queue.to_string(),
            lane: envelope.lane,
            tenant: job.tenant.clone(),
            attempt: job.attempt + 1,
            class,
            failure: error.map(|error| error.code_and_sentence()),
            settled,
            waited: self.since(job.enqueued_at_ms).saturating_sub(received.elapsed()),
            took: received.elapsed(),
            work: trace.work(),
        };
        report.log();
        (self.observer)(&report);
    }

    /// The attempt, until it ends, or the lease does, or the worker is to stop. Stopping it drops it: what it sent and got
    /// no answer to is in the trace.
    async fn attempt(
        &self,
        envelope: &Envelope,
        trace: &Trace,
        keeper: &LeaseKeeper,
        abort: &CancellationToken,
    ) -> Result<Class, Error> {
        let attempt = async {
            if envelope.job.crashes > 0 {
                let _alone = self.solitude.write().await;
                Attempt::new(&self.world, envelope, trace).run().await
            } else {
                let _among_others = self.solitude.read().await;
                Attempt::new(&self.world, envelope, trace).run().await
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

    /// Settles as the verdict says. `false`: the delivery was no longer ours, or the broker did not answer.
    async fn carry_out(
        &self,
        delivery: &Delivery,
        envelope: &Envelope,
        trace: &Trace,
        verdict: Verdict,
        error: Option<&Error>,
    ) -> bool {
        let disposition = match verdict {
            Verdict::Leave => return false,
            Verdict::Complete => {
                if let Some(error) = error {
                    self.record_failure(envelope, trace, Class::of(error).as_str(), error)
                        .await;
                }
                Disposition::Complete
            }
            Verdict::Release(delay) => Disposition::Release { delay },
            Verdict::Retry(job, delay) => {
                let now = self.world.clock.now();
                let due = (now + delay).duration_since(UNIX_EPOCH).unwrap_or_default();
                let job = Job {
                    not_before_ms: due.as_millis() as u64,
                    ..marked(*job, error)
                };
                Disposition::Retry {
                    payload: payload(&job),
                    delay,
                }
            }
            Verdict::GiveUp(job, given_up) => {
                let job = self.give_up(envelope, trace, *job, given_up, error).await;
                let sentence = error.map(|error| error.code_and_sentence().1).unwrap_or_default();
                let reason = format!("{}: {}", given_up.as_str(), shortened(&sentence));
                Disposition::Reject {
                    payload: payload(&job),
                    reason,
                }
            }
        };
        self.settle(delivery, disposition).await
    }

    /// What is left behind of a job that is given up: poison's lane is recorded as failed, everything has a failure record.
    async fn give_up(
        &self,
        envelope: &Envelope,
        trace: &Trace,
        job: Job,
        given_up: GivenUp,
        error: Option<&Error>,
    ) -> Job {
        let mut job = marked(job, error);
        let Some(error) = error else { return job };
        if given_up == GivenUp::Poison {
            let envelope = Envelope {
                job: job.clone(),
                lane: trace.lane(),
                ..envelope.clone()
            };
            let burial = Trace::new(envelope.lane, trace.owes_anything());
            let reason = Error::Poison {
                sentence: error.code_and_sentence().1,
            };
            let ended = AssertUnwindSafe(Attempt::giving_up(&self.world, &envelope, &burial, reason).run());
            let ended = ended.catch_unwind().await;
            job.ambiguous = burial.owes_anything();
            match ended {
                Ok(Ok(_)) => return job,
                Ok(Err(error)) => log_unrecorded(&job.key, &error),
                Err(panic) => log_unrecorded(
                    &job.key,
                    &Error::Panic {
                        message: message(&*panic),
                    },
                ),
            }
        }
        self.record_failure(envelope, trace, given_up.as_str(), error)
            .await;
        job
    }

    async fn record_failure(&self, envelope: &Envelope, trace: &Trace, class: &str, error: &Error) {
        let entry = minilab_record::FailureEntry {
            class: class.to_owned(),
            ..failure(None, error)
        };
        let failure = self.world.failure_record(&envelope.job, trace.lane(), &entry);
        if let Err(error) = self.world.failures.write(&failure).await {
            log_unrecorded(&failure.key, &error.into());
        }
    }

    /// What is no job at all becomes a dead letter with its bytes and a reason.
    async fn refuse(&self, delivery: &Delivery, error: &Error) {
        let reason = format!("envelope: {}", shortened(&error.to_string()));
        tracing::warn!(queue = %delivery.queue, "a message is given up: {reason}");
        self.settle(
            delivery,
            Disposition::Reject {
                payload: delivery.payload.clone(),
                reason,
            },
        )
        .await;
    }

    async fn settle(&self, delivery: &Delivery, disposition: Disposition) -> bool {
        for tried in 1..=SETTLE_TRIES {
            match self
                .world
                .queue
                .settle(&delivery.receipt, disposition.clone())
                .await
            {
                Ok(Settled::Done) => return true,
                Ok(Settled::LeaseLost) => return false,
                Err(error) if error.is_transient() && tried < SETTLE_TRIES => {
                    tokio::time::sleep(SETTLE_PAUSE).await;
                }
                Err(error) => {
                    self.health.failed(&Error::Queue(error));
                    return false;
                }
            }
        }
        false
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

/// The job with the reason why it goes out again.
fn marked(job: Job, error: Option<&Error>) -> Job {
    let last_error = error.map(|error| {
        let (code, sentence) = error.code_and_sentence();
        LastError {
            class: Class::of(error).as_str().to_owned(),
            code,
            sentence: shortened(&sentence),
        }
    });
    Job {
        last_error: last_error.or(job.last_error.clone()),
        ..job
    }
}

fn shortened(sentence: &str) -> String {
    sentence.chars().take(SENTENCE_CHARS_MAX).collect()
}

fn log_unrecorded(key: &str, error: &Error) {
    let (code, sentence) = error.code_and_sentence();
    tracing::error!(
        original.key = key,
        code,
        "a failure could not be recorded: {sentence}"
    );
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no message")
        .to_owned()
}
