//! From dead letters to failure records: what was given up waits in `state` for people, not in a broker.
//!
//! A worker records a failure before it gives a job up, so for most letters nothing is left to do. What it could not record, what
//! the broker gave up by itself and what is no job at all is recorded here, and what no record tells is noted for receivers. A
//! letter is completed only then.
mod letter;
mod redrive;
mod tell;

use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use minilab_queue::{Delivery, Disposition, Settled, dead_queue};
use minilab_record::Failures;
use minilab_store::Store;
use minilab_telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use self::letter::{Letter, covers};
pub use self::redrive::Redrive;
use self::tell::Teller;
use crate::{Error, Jobs};

/// Letters recorded at one time: enough to hide the way to the store.
const AT_ONCE: usize = 16;
/// How long the broker may keep a question when there is nothing; it answers at once when there is.
const WAIT: Duration = Duration::from_secs(20);
/// How long a store or broker that is away is left alone.
const PAUSE: Duration = Duration::from_secs(5);

/// Receives dead letters and records them.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    jobs: Arc<Jobs>,
    failures: Failures,
    teller: Teller,
    metrics: Arc<Metrics>,
}

impl DeadLetters {
    /// Dead letters of the broker that takes these jobs, to be recorded in `state`.
    pub fn new(jobs: Arc<Jobs>, state: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self {
            teller: Teller::new(Arc::clone(&jobs), Arc::clone(&state)),
            failures: Failures::new(state),
            jobs,
            metrics,
        }
    }

    /// Runs until told to stop. What cannot be recorded stays a letter and is tried again: an outage is waited for.
    pub async fn run(self, drain: CancellationToken) -> Result<(), Error> {
        while !drain.is_cancelled() {
            let Some(taken) = drain.run_until_cancelled(self.take(WAIT)).await else {
                return Ok(());
            };
            // What was taken is settled, also when told to stop: otherwise it would wait for its lease to end.
            let ended = match taken {
                Ok(letters) => self.settle(letters).await,
                Err(error) => Err(error),
            };
            if let Err(error) = ended {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "dead letters wait to be recorded"
                );
                drain.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
            }
        }
        Ok(())
    }

    /// Records the letters that are there now; answers how many. Stops at the first that cannot be recorded.
    pub async fn run_once(&self) -> Result<u64, Error> {
        let mut count = 0;
        loop {
            let letters = self.take(Duration::ZERO).await?;
            if letters.is_empty() {
                return Ok(count);
            }
            count += letters.len() as u64;
            self.settle(letters).await?;
        }
    }

    async fn take(&self, wait: Duration) -> Result<Vec<Delivery>, Error> {
        let max = AT_ONCE.min(self.jobs.queue().limits().receive_max);
        Ok(self.jobs.queue().receive(&dead_queue(), max, wait).await?)
    }

    /// All of them; the first error is as good as each.
    async fn settle(&self, letters: Vec<Delivery>) -> Result<(), Error> {
        let mut settling = stream::iter(letters)
            .map(|letter| self.settle_one(letter))
            .buffer_unordered(AT_ONCE);
        let mut outcome = Ok(());
        while let Some(settled) = settling.next().await {
            outcome = outcome.and(settled);
        }
        outcome
    }

    async fn settle_one(&self, delivery: Delivery) -> Result<(), Error> {
        let recorded = self.record(&delivery).await;
        let disposition = match &recorded {
            Ok(()) => Disposition::Complete,
            Err(_) => Disposition::Release { delay: PAUSE },
        };
        let settled = self.jobs.queue().settle(&delivery.receipt, disposition).await;
        recorded?;
        if settled? == Settled::LeaseLost {
            tracing::debug!("a dead letter's lease was lost: it comes again, and is found recorded");
        }
        Ok(())
    }

    async fn record(&self, delivery: &Delivery) -> Result<(), Error> {
        let now =
            Timestamp::try_from(self.jobs.now()).expect("the clock is within jiff's ten thousand years");
        match letter::read(delivery, now) {
            Letter::Unreadable(message) => {
                self.failures.keep_unreadable(&message).await?;
                self.tell("unreadable", &message.reason, "");
            }
            // Also of a lane that was made meanwhile: the job may owe what no record tells, a manifest for one. A failure too
            // many is shown until it is put back or purged; one too few would leave that undone.
            Letter::Failure { job, failure } => {
                let known = self.failures.load(&failure.key, failure.lane).await?;
                let failure = if let Some(known) = known.filter(|known| covers(known, &failure)) {
                    known
                } else {
                    self.failures.write(&failure).await?;
                    self.tell(&failure.class, &failure.sentence, &failure.key);
                    *failure
                };
                self.teller.tell(&job, &failure).await?;
            }
        }
        Ok(())
    }

    fn tell(&self, class: &str, sentence: &str, key: &str) {
        self.metrics.dispatcher.dead_letters_recorded_total.inc(());
        tracing::warn!(
            class,
            sentence,
            original.key = key,
            "a dead letter that no worker has recorded is recorded now"
        );
    }
}
