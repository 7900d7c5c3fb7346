//! Settles a delivery as its verdict says, and leaves behind what must be known of a job that is given up.
use std::{
    panic::AssertUnwindSafe,
    time::{Duration, UNIX_EPOCH},
};

use futures::FutureExt as _;
use minilab_failpoint::reached;
use minilab_protos::{
    JOB_VERSION,
    job::{Job, LastError},
};
use minilab_queue::{Delivery, Disposition, Settled};
use minilab_recipe::Lane;

use super::{
    Seat,
    delivery::{Courier, message},
};
use crate::{
    Error,
    attempt::{Attempt, Trace, failure},
    envelope::{Envelope, payload},
    outcome::{Class, GivenUp, Verdict},
    renderer::RenderError,
    report::Settlement,
};

/// A settlement that fails is tried again; after that the lease runs out and the job comes again.
const SETTLE_TRIES: u32 = 3;
/// Between them.
const SETTLE_PAUSE: Duration = Duration::from_secs(1);
/// A queue that holds nothing but one tenant's jobs is not turned over as fast as the broker can.
const CROWDED_PAUSE: Duration = Duration::from_millis(5);
/// Envelopes are kept under 16 KiB.
const SENTENCE_CHARS_MAX: usize = 500;

impl Courier {
    /// Settles as the verdict says. `None`: the delivery was no longer ours, or the broker did not answer.
    pub(super) async fn carry_out(
        &self,
        delivery: &Delivery,
        envelope: &Envelope,
        (trace, seat): (&Trace, &Seat),
        (class, verdict): (Class, Verdict),
        error: Option<&Error>,
    ) -> Option<Settlement> {
        let (disposition, settlement) = match verdict {
            Verdict::Leave => return None,
            Verdict::Complete => {
                if let Some(error) = error {
                    let job = Job {
                        attempt: envelope.job.attempt + 1,
                        ..envelope.job.clone()
                    };
                    let class = Class::of(error).as_str();
                    self.record_failure(&job, (trace.lane(), class), trace, error)
                        .await;
                }
                (Disposition::Complete, Settlement::Completed)
            }
            Verdict::Release(delay) => (Disposition::Release { delay }, Settlement::Released),
            Verdict::Retry(job, delay) => {
                // Shown at once: somebody has to change a permission, and the last attempt is more than an hour away. Under
                // the job's own lane, which the next attempt visits first and clears.
                if let Some(error) = error.filter(|_| class == Class::Denied) {
                    self.record_failure(&job, (envelope.lane, class.as_str()), trace, error)
                        .await;
                }
                let now = self.world.clock.now();
                let due = (now + delay).duration_since(UNIX_EPOCH).unwrap_or_default();
                let job = Job {
                    not_before_ms: due.as_millis() as u64,
                    ..marked(*job, error)
                };
                let payload = payload(&job);
                (Disposition::Retry { payload, delay }, Settlement::Retried)
            }
            Verdict::GiveUp(job, given_up) => {
                let job = self.give_up(envelope, (trace, seat), *job, given_up, error).await;
                let sentence = error.map(|error| error.code_and_sentence().1).unwrap_or_default();
                let reason = format!("{}: {}", given_up.as_str(), shortened(&sentence));
                let payload = payload(&job);
                (
                    Disposition::Reject { payload, reason },
                    Settlement::GivenUp(given_up),
                )
            }
        };
        reached("step10_before_settle");
        let settled = self.settle(delivery, disposition).await;
        reached("step10_settled");
        settled.then_some(settlement)
    }

    /// What is left behind of a job that is given up: poison's lane is recorded as failed, everything has a failure record.
    async fn give_up(
        &self,
        envelope: &Envelope,
        (trace, seat): (&Trace, &Seat),
        job: Job,
        given_up: GivenUp,
        error: Option<&Error>,
    ) -> Job {
        // Put back, it begins with the lane that failed and carries on from there.
        let mut job = Job {
            lane: trace.lane().as_str().to_owned(),
            ..marked(job, error)
        };
        let Some(error) = error else { return job };
        if given_up == GivenUp::Poison {
            let envelope = Envelope {
                job: job.clone(),
                lane: trace.lane(),
                ..envelope.clone()
            };
            let burial = trace.burying(stage(error, trace));
            let (code, sentence) = error.code_and_sentence();
            let reason = Error::Poison { code, sentence };
            let ended = Attempt::new(&self.world, &envelope, &burial, seat).giving_up(reason);
            let ended = AssertUnwindSafe(ended.run());
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
        self.record_failure(&job, (trace.lane(), given_up.as_str()), trace, error)
            .await;
        job
    }

    async fn record_failure(&self, job: &Job, (lane, class): (Lane, &str), trace: &Trace, error: &Error) {
        trace.blame(stage(error, trace));
        let entry = minilab_record::FailureEntry {
            class: class.to_owned(),
            ..failure(None, error)
        };
        let failure = self.world.failure_record(job, lane, &entry, trace);
        if let Err(error) = self.world.failures.write(&failure).await {
            log_unrecorded(&failure.key, &error.into());
        }
    }

    /// A job of a tenant that has its share at work goes back as it came. It is no run of the job, so it is not reported.
    pub(super) async fn put_off(&self, delivery: &Delivery) {
        let delay = self.budget.crowded;
        self.settle(delivery, Disposition::Release { delay }).await;
        tokio::time::sleep(CROWDED_PAUSE).await;
    }

    /// A retry that came before its time goes back as it came, for as long again as the broker keeps it.
    pub(super) async fn wait_on(&self, delivery: &Delivery, delay: Duration) {
        self.settle(delivery, Disposition::Release { delay }).await;
    }

    /// A job of a later release waits for a worker that can read it, as one of a later configuration does.
    pub(super) async fn leave(&self, delivery: &Delivery, version: u64) {
        tracing::warn!(
            queue = %delivery.queue,
            "a job has version {version} of the envelope, this worker reads {JOB_VERSION}: upgrade it"
        );
        let delay = self.budget.stale;
        self.settle(delivery, Disposition::Release { delay }).await;
    }

    /// What is no job at all becomes a dead letter with its bytes and a reason.
    pub(super) async fn refuse(&self, delivery: &Delivery, error: &Error) {
        let reason = format!("envelope: {}", shortened(&error.to_string()));
        tracing::warn!(queue = %delivery.queue, "a message is given up: {reason}");
        self.settle(
            delivery,
            Disposition::Reject {
                payload: self.world.queue.limits().clip(&delivery.payload),
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
}

/// In which part of the attempt it failed. Of a run that nobody saw the end of, nobody knows.
fn stage(error: &Error, trace: &Trace) -> Option<String> {
    match error {
        Error::Unsettled => None,
        Error::Render(RenderError::Crash { stage, .. }) => Some(stage.clone()),
        _ => Some(trace.step().as_str().to_owned()),
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
