//! The worker's part: what a record says is noted for every target, and the senders are woken.
use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use minilab_protos::notification::{Kind, Notification};
use minilab_queue::{Clock, Queue};
use minilab_recipe::{Document, Lane, Occasion};
use minilab_record::{FailureRecord, PublicUrls, Record};
use minilab_store::Store;

use crate::{
    Appended, Error, Outboxes,
    sayings::{given_up, sayings},
    wake_up::{Cause, WakeUp},
};

/// A target, as far as it matters to who writes its outboxes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// Its name.
    pub name: String,
    /// What it wants to hear of.
    pub on: Vec<Kind>,
}

/// The targets of a document, as far as it matters to who notes for them.
pub fn listeners(document: &Document) -> Vec<Listener> {
    let targets = document.notify.iter().map(|(name, target)| Listener {
        name: name.clone(),
        on: target.on.iter().copied().map(kind).collect(),
    });
    targets.collect()
}

fn kind(occasion: Occasion) -> Kind {
    match occasion {
        Occasion::Ready => Kind::Ready,
        Occasion::Complete => Kind::Complete,
        Occasion::Failed => Kind::Failed,
        Occasion::Deleted => Kind::Deleted,
    }
}

/// What noting a record came to, over all targets.
pub type Noted = Appended;

/// Writes outboxes.
#[derive(Debug, Clone)]
pub struct Notifier {
    outboxes: Outboxes,
    queue: Arc<dyn Queue>,
    clock: Arc<dyn Clock>,
    listeners: Vec<Listener>,
}

impl Notifier {
    /// For these targets; without any it does nothing.
    pub fn new(
        state: Arc<dyn Store>,
        queue: Arc<dyn Queue>,
        clock: Arc<dyn Clock>,
        listeners: Vec<Listener>,
    ) -> Self {
        Self {
            outboxes: Outboxes::new(state),
            queue,
            clock,
            listeners,
        }
    }

    /// Notes what a swapped record says, and wakes the senders. After an error some targets may have been told; calling it
    /// again, with this record or a later one, repeats nothing and misses nothing.
    pub async fn note(
        &self,
        record: &Record,
        lanes: &BTreeMap<Lane, String>,
        urls: &PublicUrls<'_>,
    ) -> Result<Noted, Error> {
        if self.listeners.is_empty() {
            return Ok(Noted::default());
        }
        let said = sayings(record, lanes, urls);
        self.append(&record.key, record.generation, &said).await
    }

    /// Notes that a lane of an original was given up although nobody knows what is true of it; `record` is the one in force,
    /// which does not tell. Safe to repeat, as [`Notifier::note`] is.
    pub async fn note_given_up(
        &self,
        failure: &FailureRecord,
        record: Option<&Record>,
        urls: &PublicUrls<'_>,
    ) -> Result<Noted, Error> {
        let generation = record.map_or(0, |record| record.generation);
        self.append(&failure.key, generation, &[given_up(failure, urls)])
            .await
    }

    async fn append(&self, key: &str, generation: u64, all: &[Notification]) -> Result<Noted, Error> {
        let (mut noted, mut wake_ups) = (Noted::default(), Vec::new());
        for listener in &self.listeners {
            let wanted: Vec<_> = all
                .iter()
                .filter(|said| listener.on.contains(&said.kind))
                .cloned()
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let append = |outbox: &mut crate::Outbox| outbox.append(generation, &wanted);
            let (outbox, appended) = self.outboxes.change(&listener.name, key, append).await?;
            noted.added += appended.added;
            noted.dropped += appended.dropped;
            // Also where nothing was added: whoever did may have ended before it woke anybody.
            if !outbox.waiting.is_empty() {
                wake_ups.push(WakeUp::new(&listener.name, key, Cause::Noted, self.now()).outgoing());
            }
        }
        if !wake_ups.is_empty() {
            self.queue.send(wake_ups).await?;
        }
        Ok(noted)
    }

    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.clock.now()).expect("the clock shows a year below 9999")
    }
}
