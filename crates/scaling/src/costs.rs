//! What jobs turned out to take, beside what was forecast: learned from workers, forgotten by and by.
use std::collections::BTreeMap;

use minilab_record::{Error, objects::Form};
use minilab_store::Store;
use serde::{Deserialize, Serialize};

use crate::{Batch, Place, class, shared};

/// What a cell remembers: with every job more, older ones count less. So a new recipe or machine is known after about so
/// many jobs.
const JOBS_MAX: f64 = 1_000.0;
/// Fewer say nothing.
const JOBS_MIN: f64 = 3.0;
/// What a job takes of which nothing at all is known.
const UNKNOWN_SECONDS: f64 = 0.2;
pub(crate) const OBJECT: &str = "scaling/costs";
pub(crate) const FORM: Form = Form {
    what: "what jobs take",
    known: 1,
};

/// Forecasts and what they came to, by place and class: one object in the store of records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Costs {
    v: u32,
    places: BTreeMap<Place, BTreeMap<u8, Cell>>,
}

/// Jobs of one class in one place.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Cell {
    /// How many it remembers; older ones are parts of a job.
    pub jobs: f64,
    /// The sum of their forecasts, in milliseconds.
    pub forecast_ms: f64,
    /// What they took, in milliseconds of CPU time.
    pub cpu_ms: f64,
}

impl Cell {
    fn take_in(&mut self, other: &Self) {
        self.jobs += other.jobs;
        self.forecast_ms += other.forecast_ms;
        self.cpu_ms += other.cpu_ms;
        if self.jobs > JOBS_MAX {
            let kept = JOBS_MAX / self.jobs;
            self.jobs = JOBS_MAX;
            self.forecast_ms *= kept;
            self.cpu_ms *= kept;
        }
    }
}

impl Default for Costs {
    fn default() -> Self {
        Self {
            v: 1,
            places: BTreeMap::new(),
        }
    }
}

impl Costs {
    /// What is known of the store's fleet; nothing if there is none yet.
    pub async fn load(state: &dyn Store) -> Result<Self, Error> {
        Ok(shared::load(state, OBJECT, FORM).await?.unwrap_or_default())
    }

    /// A job took so long.
    pub fn note(&mut self, place: Place, forecast_ms: u64, cpu_ms: f64) {
        let one = Cell {
            jobs: 1.0,
            forecast_ms: forecast_ms as f64,
            cpu_ms,
        };
        let cells = self.places.entry(place).or_default();
        cells.entry(class(forecast_ms)).or_default().take_in(&one);
    }

    /// What another process has learned.
    pub fn take_in(&mut self, other: &Self) {
        for (place, cells) in &other.places {
            let known = self.places.entry(*place).or_default();
            for (class, cell) in cells {
                known.entry(*class).or_default().take_in(cell);
            }
        }
    }

    /// Was nothing learned?
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// How much longer jobs of a class take than forecast, by those that are most like them.
    fn ratio(&self, place: Place, class: u8) -> f64 {
        let cells = self.places.get(&place).into_iter().flatten();
        let told = cells.filter(|(_, cell)| cell.jobs >= JOBS_MIN && cell.forecast_ms > 0.0);
        told.min_by_key(|(known, _)| known.abs_diff(class))
            .map_or(1.0, |(_, cell)| cell.cpu_ms / cell.forecast_ms)
    }

    /// CPU seconds that a batch takes.
    pub(crate) fn seconds(&self, place: Place, batch: &Batch) -> f64 {
        let kinds = batch.kinds.iter();
        kinds
            .map(|(class, kind)| kind.ms as f64 / 1e3 * self.ratio(place, *class))
            .sum()
    }

    /// CPU seconds of a job of which only the place is known.
    pub(crate) fn mean_seconds(&self, place: Place) -> f64 {
        let cells = self.places.get(&place).into_iter().flat_map(BTreeMap::values);
        let (jobs, ms) = cells.fold((0.0, 0.0), |(jobs, ms), cell| {
            (jobs + cell.jobs, ms + cell.cpu_ms)
        });
        if jobs >= JOBS_MIN {
            ms / jobs / 1e3
        } else {
            UNKNOWN_SECONDS
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_habits_replace_old_ones() {
        let mut costs = Costs::default();
        (0..10_000).for_each(|_| costs.note(Place::Fast, 100, 50.0));
        assert!((costs.ratio(Place::Fast, class(100)) - 0.5).abs() < 0.01);
        (0..5_000).for_each(|_| costs.note(Place::Fast, 100, 200.0));
        assert!((costs.ratio(Place::Fast, class(100)) - 2.0).abs() < 0.02);
    }

    #[test]
    fn what_is_not_known_is_told_by_what_is_most_like_it() {
        let mut costs = Costs::default();
        assert!((costs.ratio(Place::Fast, 3) - 1.0).abs() < f64::EPSILON);
        assert!((costs.mean_seconds(Place::Fast) - UNKNOWN_SECONDS).abs() < f64::EPSILON);
        (0..3).for_each(|_| costs.note(Place::Fast, 10, 20.0));
        (0..3).for_each(|_| costs.note(Place::Fast, 10_000, 5_000.0));
        assert!((costs.ratio(Place::Fast, class(20)) - 2.0).abs() < 1e-9);
        assert!((costs.ratio(Place::Fast, class(5_000)) - 0.5).abs() < 1e-9);
        assert!((costs.ratio(Place::Bulk, class(10)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_learned_apart_comes_to_the_same_as_what_is_learned_together() {
        let (mut one, mut other, mut both) = (Costs::default(), Costs::default(), Costs::default());
        for ms in 1..100 {
            one.note(Place::Bulk, ms, 2.0 * ms as f64);
            other.note(Place::Bulk, 3 * ms, ms as f64);
            both.note(Place::Bulk, ms, 2.0 * ms as f64);
            both.note(Place::Bulk, 3 * ms, ms as f64);
        }
        one.take_in(&other);
        for class in 0..9 {
            let apart = one.ratio(Place::Bulk, class);
            assert!((apart - both.ratio(Place::Bulk, class)).abs() < 1e-9, "{class}");
        }
    }
}
