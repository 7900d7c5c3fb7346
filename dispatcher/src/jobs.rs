//! From hints to jobs: which rule, which lane, and into which queue. Confirmed when it answers.
use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use minilab_protos::job::{self, Job, Via};
use minilab_queue::{Clock, Outgoing, Queue, QueueName};
use minilab_recipe::{Decision, Document, Lane, Recipe};
use minilab_record::KEY_BYTES_MAX;
use minilab_scaling::{Forecasts, Place, Sending};
use minilab_telemetry::{
    EventResult, KeyRefusal, Label as _, MessageState, Metrics, QueueLabel, traces::Tracer,
};
use ulid::Ulid;

use crate::{Change, Error, Hint, traced::Traced};

/// What jobs call the store that the document names under `from`.
pub const STORE_OF_ORIGINALS: &str = "from";

/// Messages per send: one transaction or one request, without holding the broker for long.
const SEND_MAX: usize = 500;

/// What it takes to find that nothing is to be made.
const NOTHING_MS: u64 = 1;

/// Where jobs of a lane wait.
pub fn queue_name(lane: Lane) -> QueueName {
    QueueName::new(lane.as_str()).expect("lanes are lower-case words")
}

/// Makes jobs of hints.
#[derive(Debug)]
pub struct Jobs {
    document: Arc<Document>,
    revision: u64,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    forecasts: Forecasts,
    sending: Sending,
    tracer: Tracer,
}

/// A job on its way, and what it is likely to take wherever it will wait.
#[derive(Clone)]
struct Judged {
    message: Outgoing,
    forecasts: Vec<(Place, u64)>,
}

/// What became of some hints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Enqueued {
    /// A job waits for each of these.
    pub jobs: u64,
    /// No rule takes these keys and nothing says that a record exists.
    pub unmatched: u64,
    /// These keys cannot be an original's.
    pub refused: u64,
}

/// Why a hint makes no job.
#[derive(Debug, Clone, Copy)]
enum NoJob {
    /// No rule takes the key and nothing says that a record exists.
    Unmatched,
    /// The key cannot be an original's.
    Refused,
}

impl Jobs {
    /// Jobs by the document's rules, marked with the configuration revision it is bound to.
    pub fn new(
        document: Arc<Document>,
        revision: u64,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            document,
            revision,
            queue,
            clock,
            metrics,
            forecasts: Forecasts::default(),
            sending: Sending::default(),
            tracer: Tracer::off(),
        }
    }

    /// Tells of every event that a job is sent for, and begins the trace that the job goes on with.
    #[must_use]
    pub fn traced(self, tracer: Tracer) -> Self {
        Self { tracer, ..self }
    }

    /// The rules in force.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// What was sent and is to be written down, for whoever asks how much work waits.
    pub fn sending(&self) -> &Sending {
        &self.sending
    }

    /// Where jobs are sent.
    pub(crate) fn queue(&self) -> &Arc<dyn Queue> {
        &self.queue
    }

    /// The configuration revision that jobs are marked with.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What tells the time that hints and jobs are dated by.
    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }

    /// The time that hints and jobs are dated by.
    pub fn now(&self) -> SystemTime {
        self.clock.now()
    }

    /// Sends a job for every hint that deserves one. On an error none, some or all were sent; asking again is safe.
    pub async fn enqueue(&self, hints: &[Hint], via: Via) -> Result<Enqueued, Error> {
        let mut sum = Enqueued::default();
        for batch in hints.chunks(SEND_MAX) {
            let judge = |hint| {
                let traced = Traced::begin(&self.tracer, self.clock.now());
                let judged = self.message(hint, via, traced.as_ref());
                judged.map(|judged| (judged, traced))
            };
            let judged: Vec<_> = batch.iter().map(judge).collect();
            let messages: Vec<Outgoing> = judged
                .iter()
                .flatten()
                .map(|(judged, _)| judged.message.clone())
                .collect();
            if !messages.is_empty() {
                self.queue.send(messages).await?;
            }
            let now = self.clock.now();
            for (hint, judged) in batch.iter().zip(judged) {
                let (result, count) = match judged {
                    Ok((judged, traced)) => {
                        self.note(&judged.forecasts);
                        if let Some(traced) = traced {
                            traced.end(&self.tracer, hint, now);
                        }
                        (EventResult::Enqueued, &mut sum.jobs)
                    }
                    Err(NoJob::Unmatched) => (EventResult::Unmatched, &mut sum.unmatched),
                    Err(NoJob::Refused) => (EventResult::Refused, &mut sum.refused),
                };
                self.metrics.dispatcher.events_total.inc((hint.producer, result));
                *count += 1;
            }
        }
        Ok(sum)
    }

    fn note(&self, forecasts: &[(Place, u64)]) {
        let now = milliseconds(self.now());
        for (place, ms) in forecasts {
            self.sending.note(*place, now, *ms);
        }
    }

    /// Would a job be taken now? An error says why not.
    pub async fn would_be_taken(&self) -> Result<(), Error> {
        Ok(self.queue.works(&queue_name(Lane::Fast)).await?)
    }

    /// Messages of live work that wait or are worked on, as far as the broker tells; also keeps the gauges of all queues.
    pub async fn queued(&self) -> Result<u64, Error> {
        let mut sum = 0;
        for label in QueueLabel::ALL {
            let name = QueueName::new(label.as_str()).expect("queue labels are lower-case words");
            let depth = self.queue.depth(&name).await?;
            if !matches!(label, QueueLabel::Backfill | QueueLabel::Dead) {
                sum += depth.known();
            }
            let counts = [
                (MessageState::Ready, Some(depth.ready)),
                (MessageState::Leased, depth.leased),
                (MessageState::Delayed, depth.delayed),
            ];
            for (state, count) in counts {
                if let Some(count) = count {
                    self.metrics
                        .dispatcher
                        .queue_messages
                        .set((*label, state), count as i64);
                }
            }
        }
        Ok(sum)
    }

    fn message(&self, hint: &Hint, via: Via, traced: Option<&Traced>) -> Result<Judged, NoJob> {
        let key = hint.key.as_str();
        if key.len() > KEY_BYTES_MAX {
            self.metrics
                .dispatcher
                .keys_refused_total
                .inc(KeyRefusal::TooLong);
            tracing::warn!(
                original.bytes = key.len(),
                original.begins = %key.chars().take(80).collect::<String>().escape_debug(),
                "the key is longer than the {KEY_BYTES_MAX} bytes a record's name can hold: rename the original"
            );
            return Err(NoJob::Refused);
        }
        let (lane, tenant, recipe) = match (self.document.decide(key), hint.change) {
            (Decision::Recipe { recipe, tenant }, _) => {
                let lane = recipe.lanes().first().copied().unwrap_or(Lane::Fast);
                (lane, tenant, (hint.change != Change::Removed).then_some(recipe))
            }
            // No rule takes it, but files may be left from when one did: the attempt finds out.
            (Decision::Nothing, Change::Removed | Change::Recorded) => (Lane::Fast, None, None),
            (Decision::Nothing, Change::Uploaded) => return Err(NoJob::Unmatched),
        };
        let forecasts = match (recipe, via) {
            (None, Via::Backfill) => vec![(Place::Backfill, NOTHING_MS)],
            (None, _) => vec![(lane.into(), NOTHING_MS)],
            (Some(recipe), Via::Backfill) => self.forecasts(recipe, hint, [Place::Backfill]),
            // Where it will be handed on to as well.
            (Some(recipe), _) => self.forecasts(recipe, hint, recipe.lanes().into_iter().map(Place::from)),
        };
        let predicted_ms = forecasts.first().map_or(NOTHING_MS, |(_, ms)| *ms);
        let job = Job {
            traceparent: traced.map(Traced::traceparent).unwrap_or_default(),
            ..self.job(hint, (lane, predicted_ms), tenant.clone(), via)
        };
        let payload = serde_json::to_vec(&job).expect("a job is plain strings and numbers");
        let queue = match via {
            Via::Backfill => QueueName::new(QueueLabel::Backfill.as_str()).expect("it is a lower-case word"),
            Via::Live | Via::Unspecified => queue_name(lane),
        };
        // The key comes last: the names before it hold no slash, so no two triples read alike. What somebody says must not be
        // lost in a job that waits already.
        let said = job.said.as_ref().map(|said| format!("+{}", said.at_ms));
        let said = said.unwrap_or_default();
        let coalesce = format!("{STORE_OF_ORIGINALS}/{lane}{said}/{key}");
        let message = Outgoing {
            group: tenant,
            ..Outgoing::new(queue, payload).coalescing(coalesce)
        };
        Ok(Judged { message, forecasts })
    }

    fn forecasts(
        &self,
        recipe: &Recipe,
        hint: &Hint,
        places: impl IntoIterator<Item = Place>,
    ) -> Vec<(Place, u64)> {
        let (key, bytes) = (hint.key.as_str(), hint.size_bytes);
        let of = |place| (place, self.forecasts.of(recipe, key, bytes, place));
        places.into_iter().map(of).collect()
    }

    fn job(&self, hint: &Hint, (lane, predicted_ms): (Lane, u64), tenant: Option<String>, via: Via) -> Job {
        let now = self.clock.now();
        let size_bytes = hint.size_bytes.unwrap_or(0);
        Job {
            v: 1,
            id: Ulid::from_datetime(now).to_string(),
            store: STORE_OF_ORIGINALS.to_owned(),
            key: hint.key.as_str().to_owned(),
            hint: Some(job::Hint {
                etag: hint.etag.as_ref().map(|etag| etag.0.clone()).unwrap_or_default(),
                size_bytes,
                version_id: hint.version_id.clone().unwrap_or_default(),
                event_time_ms: hint.event_time.map(milliseconds).unwrap_or_default(),
                producer: hint.producer.as_str().to_owned(),
            }),
            said: hint.focal.as_ref().map(|focal| job::Said {
                focal: focal.clone(),
                at_ms: milliseconds(hint.event_time.unwrap_or(now)),
            }),
            lane: lane.as_str().to_owned(),
            via: via.into(),
            tenant: tenant.unwrap_or_default(),
            predicted_ms: u32::try_from(predicted_ms).unwrap_or(u32::MAX),
            min_rev: self.revision,
            first_seen_ms: milliseconds(now),
            enqueued_at_ms: milliseconds(now),
            ..Job::default()
        }
    }
}

fn milliseconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .map(|since| since.as_millis() as u64)
        .unwrap_or_default()
}
