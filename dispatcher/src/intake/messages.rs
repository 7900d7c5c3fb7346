//! The step from an event message to jobs, the same for every way in.
use std::sync::Arc;

use minilab_protos::job::Via;
use minilab_telemetry::{EventResult, Metrics, Producer};

use super::origin::Origin;
use crate::{
    Error, Hint, Jobs,
    events::{Event, Unknown, normalise},
    health::{Health, Need},
};

/// Turns event messages into jobs.
#[derive(Debug)]
pub(crate) struct Messages {
    origin: Origin,
    jobs: Arc<Jobs>,
    metrics: Arc<Metrics>,
    health: Arc<Health>,
}

/// Why a message is not done with.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// It is of no known form and must be kept for a person to see.
    Unknown(Unknown),
    /// Its jobs are not confirmed; it must come again.
    Unconfirmed(Error),
}

impl Messages {
    pub(crate) fn new(jobs: Arc<Jobs>, metrics: Arc<Metrics>, health: Arc<Health>) -> Self {
        Self {
            origin: Origin::of(jobs.document()),
            jobs,
            metrics,
            health,
        }
    }

    /// Answers when the broker has taken a job for everything in the message that deserves one: then the message may go.
    pub(crate) async fn take(&self, message: &[u8]) -> Result<(), NotTaken> {
        let counted = &self.metrics.dispatcher.events_total;
        let events = normalise(message).map_err(|unknown| {
            counted.inc((Producer::Unknown, EventResult::Unknown));
            NotTaken::Unknown(unknown)
        })?;
        let mut hints: Vec<Hint> = Vec::new();
        let mut passed_over = Vec::new();
        for event in &events {
            match self.origin.hints(event) {
                Ok(found) => hints.extend(found),
                Err(result) => passed_over.push((event, result)),
            }
        }
        if let Err(error) = self.jobs.enqueue(&hints, Via::Live).await {
            self.health.lacks(Need::Jobs, &error);
            return Err(NotTaken::Unconfirmed(error));
        }
        for (event, result) in passed_over {
            counted.inc((event.producer, result));
            tell(event, result);
        }
        for refusal in events.iter().flat_map(|event| &event.refused) {
            self.metrics.dispatcher.keys_refused_total.inc(*refusal);
        }
        Ok(())
    }

    pub(super) fn jobs(&self) -> &Arc<Jobs> {
        &self.jobs
    }
}

fn tell(event: &Event, result: EventResult) {
    let Event {
        producer,
        bucket,
        keys,
        refused,
        sequencer,
        ..
    } = event;
    let key = keys.first().map(ToString::to_string);
    let bucket = bucket.escape_debug();
    if result == EventResult::Refused {
        tracing::warn!(?producer, %bucket, ?refused, "an event names an object that cannot exist");
    } else {
        tracing::debug!(?producer, %bucket, key, ?sequencer, ?result, "an event makes no job");
    }
}
