//! What was sent to each queue, newest last: what waits there are the last so many of these.
//!
//! Kept short without losing what matters: neighbours that are alike become one, old ones sooner than new ones.
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use minilab_record::{Error, objects::Form};
use minilab_store::Store;
use serde::{Deserialize, Serialize};

use crate::{Place, class, shared};

/// In the shared object, for each place: about 15 KB of JSON.
const BATCHES_MAX: usize = 128;
/// In one process, between two writes.
const PENDING_MAX: usize = 64;
const OBJECT: &str = "scaling/sent";
const FORM: Form = Form {
    what: "a list of what was sent",
    known: 1,
};

/// What dispatchers have sent, as far as they remember: one object in the store of records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    v: u32,
    places: BTreeMap<Place, Vec<Batch>>,
}

/// Jobs that were sent one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Batch {
    /// When the last of them was sent: milliseconds since 1970, UTC.
    pub at_ms: u64,
    /// By class of their forecasts.
    pub kinds: BTreeMap<u8, Kind>,
}

/// Jobs of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Kind {
    /// How many.
    pub jobs: u64,
    /// The sum of their forecasts, in milliseconds.
    pub ms: u64,
}

impl Batch {
    /// How many jobs it has.
    pub fn jobs(&self) -> u64 {
        self.kinds.values().map(|kind| kind.jobs).sum()
    }

    fn ms(&self) -> u64 {
        self.kinds.values().map(|kind| kind.ms).sum()
    }

    fn take_in(&mut self, other: &Self) {
        self.at_ms = self.at_ms.max(other.at_ms);
        for (class, kind) in &other.kinds {
            let known = self.kinds.entry(*class).or_default();
            known.jobs += kind.jobs;
            known.ms += kind.ms;
        }
    }
}

impl Default for Sent {
    fn default() -> Self {
        Self {
            v: 1,
            places: BTreeMap::new(),
        }
    }
}

impl Sent {
    /// What is known of the store's fleet; nothing if there is none yet.
    pub async fn load(state: &dyn Store) -> Result<Self, Error> {
        Ok(shared::load(state, OBJECT, FORM).await?.unwrap_or_default())
    }

    /// Oldest first.
    pub fn batches(&self, place: Place) -> &[Batch] {
        self.places.get(&place).map_or(&[], Vec::as_slice)
    }

    /// A job with this forecast was sent.
    pub fn note(&mut self, place: Place, at_ms: u64, forecast_ms: u64) {
        let one = Batch {
            at_ms,
            kinds: [(
                class(forecast_ms),
                Kind {
                    jobs: 1,
                    ms: forecast_ms,
                },
            )]
            .into(),
        };
        let batches = self.places.entry(place).or_default();
        match batches.last_mut() {
            Some(last) if last.kinds.keys().eq(one.kinds.keys()) => last.take_in(&one),
            _ => batches.push(one),
        }
        shorten(batches, PENDING_MAX);
    }

    /// What another process has sent meanwhile.
    pub fn take_in(&mut self, other: Self) {
        for (place, batches) in other.places {
            let known = self.places.entry(place).or_default();
            known.extend(batches);
            known.sort_by_key(|batch| batch.at_ms);
            shorten(known, BATCHES_MAX);
        }
    }

    fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

/// Makes one of two neighbours, as often as needed: those whose difference shifts the least cost, set against what was sent
/// after them.
fn shorten(batches: &mut Vec<Batch>, max: usize) {
    while batches.len() > max {
        let mut after = 0;
        let mut least: Option<(f64, usize)> = None;
        for index in (0..batches.len() - 1).rev() {
            let (older, newer) = (&batches[index], &batches[index + 1]);
            let (few, mean) = (older.jobs().min(newer.jobs()), |batch: &Batch| {
                batch.ms() as f64 / batch.jobs().max(1) as f64
            });
            let lost = (mean(older) - mean(newer)).abs() * few as f64 / (1 + after) as f64;
            if least.is_none_or(|(known, _)| lost <= known) {
                least = Some((lost, index));
            }
            after += newer.ms();
        }
        let Some((_, index)) = least else { return };
        let newer = batches.remove(index + 1);
        batches[index].take_in(&newer);
    }
}

/// What one process has sent and not yet written down.
#[derive(Debug, Default)]
pub struct Sending(Mutex<Sent>);

impl Sending {
    /// A job with this forecast was sent.
    pub fn note(&self, place: Place, at_ms: u64, forecast_ms: u64) {
        self.pending(|sent| sent.note(place, at_ms, forecast_ms));
    }

    /// Writes it down. On an error it is kept for the next time. A write whose answer is lost may count twice: then the mix
    /// is off for as long as these jobs wait, the number never, which the broker tells.
    pub async fn write(&self, state: &dyn Store) -> Result<(), Error> {
        let fresh = self.pending(std::mem::take);
        if fresh.is_empty() {
            return Ok(());
        }
        let merged = shared::merge(state, OBJECT, FORM, |sent: &mut Sent| sent.take_in(fresh.clone())).await;
        if merged.is_err() {
            self.pending(|sent| {
                let later = std::mem::replace(sent, fresh);
                sent.take_in(later);
            });
        }
        merged
    }

    fn pending<T>(&self, change: impl FnOnce(&mut Sent) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use minilab_store::{Calls, Fault, Faulty, Memory, Operation};

    use super::*;

    fn jobs(sent: &Sent) -> u64 {
        sent.batches(Place::Fast).iter().map(Batch::jobs).sum()
    }

    #[test]
    fn a_few_costly_jobs_stay_apart_from_many_cheap_ones_however_much_follows() {
        let mut sent = Sent::default();
        for at in 0..20_000 {
            // Neighbours that differ a little, all the time.
            sent.note(Place::Fast, at, 20 + 30 * (at % 2));
        }
        for at in 20_000..20_020 {
            sent.note(Place::Fast, at, 9_000);
        }
        for at in 20_020..30_000 {
            sent.note(Place::Fast, at, 20 + 30 * (at % 2));
        }
        assert_eq!(jobs(&sent), 30_000);
        let batches = sent.batches(Place::Fast);
        assert!(batches.len() <= PENDING_MAX);
        let costly: Vec<_> = batches
            .iter()
            .filter(|batch| batch.kinds.contains_key(&class(9_000)))
            .collect();
        assert_eq!(costly.len(), 1);
        assert!(costly[0].jobs() < 100, "{costly:?}");
    }

    #[tokio::test]
    async fn what_processes_send_comes_together_and_is_kept_while_the_store_is_away() {
        let state = Memory::new();
        let (one, other) = (Sending::default(), Sending::default());
        one.note(Place::Fast, 1, 10);
        other.note(Place::Fast, 2, 5_000);
        one.note(Place::Fast, 3, 10);
        let refusing = Faulty::new(Arc::new(state.clone()));
        refusing.fail(Calls::every(Operation::Put), Fault::Refuse);
        assert!(one.write(&refusing).await.is_err());
        one.write(&state).await.unwrap();
        other.write(&state).await.unwrap();
        one.write(&state).await.unwrap();
        let sent = Sent::load(&state).await.unwrap();
        assert_eq!(jobs(&sent), 3);
    }
}
