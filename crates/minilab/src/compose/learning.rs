//! What jobs turn out to take, beside what was forecast when they were sent.
use std::sync::Arc;

use minilab_recipe::{Decision, Document};
use minilab_scaling::{Forecasts, Lessons, Place};
use minilab_worker::report::{JobReport, Settlement};

use super::Backing;

/// Learns from what a worker reports.
#[derive(Debug)]
pub struct Learning {
    document: Arc<Document>,
    forecasts: Forecasts,
    lessons: Arc<Lessons>,
}

impl Learning {
    /// Nothing is learned yet.
    pub fn of(backing: &Backing) -> Self {
        Self {
            document: Arc::clone(&backing.document),
            forecasts: Forecasts::default(),
            lessons: Arc::default(),
        }
    }

    /// What is to be told.
    pub fn lessons(&self) -> Arc<Lessons> {
        Arc::clone(&self.lessons)
    }

    /// A job that is done with says what such jobs take, also if there was nothing to do: those are among the ones that wait.
    pub fn note(&self, report: &JobReport) {
        let Some(place) = Place::named(&report.queue).filter(|_| is_whole(report)) else {
            return;
        };
        let Decision::Recipe { recipe, .. } = self.document.decide(&report.key) else {
            return;
        };
        let cpu = &report.work.cpu;
        // The lane that it was sent for; what it carried on with has a forecast of its own.
        let took = match place {
            Place::Backfill => cpu.values().sum(),
            _ => cpu.get(&report.lane).copied().unwrap_or_default(),
        };
        let bytes = Some(report.original_bytes);
        let forecast_ms = self.forecasts.of(recipe, &report.key, bytes, place);
        self.lessons.note(place, forecast_ms, took);
    }
}

/// Was it run to its end, at one go?
fn is_whole(report: &JobReport) -> bool {
    report.settlement == Some(Settlement::Completed) && report.attempt == 1
}
