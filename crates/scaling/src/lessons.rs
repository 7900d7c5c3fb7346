//! What one worker has learned of what jobs take, and how it tells the others.
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use minilab_record::Error;
use minilab_store::Store;
use tokio_util::sync::CancellationToken;

use crate::{Costs, Place, costs, shared};

/// Of a small fleet. A large one spreads out by itself: who meets others waits longer.
const EVERY_MIN: Duration = Duration::from_secs(5);
const EVERY_MAX: Duration = Duration::from_mins(30);

/// What was learned since it was last told.
#[derive(Debug, Default)]
pub struct Lessons(Mutex<Costs>);

impl Lessons {
    /// A job took so long.
    pub fn note(&self, place: Place, forecast_ms: u64, cpu: Duration) {
        self.pending(|costs| costs.note(place, forecast_ms, cpu.as_secs_f64() * 1e3));
    }

    /// Adds it to what the fleet knows. On an error it is kept for the next time.
    pub async fn tell(&self, state: &dyn Store) -> Result<(), Error> {
        let fresh = self.pending(std::mem::take);
        if fresh.is_empty() {
            return Ok(());
        }
        let told = shared::merge(state, costs::OBJECT, costs::FORM, |known: &mut Costs| {
            known.take_in(&fresh);
        })
        .await;
        if told.is_err() {
            self.pending(|later| later.take_in(&fresh));
        }
        told
    }

    /// Tells it now and then, and what is left at the end.
    pub async fn run(&self, state: &dyn Store, stop: CancellationToken) {
        let mut every = EVERY_MIN;
        loop {
            let pause = every.mul_f64(0.5 + fastrand::f64());
            let goes_on = stop
                .run_until_cancelled(tokio::time::sleep(pause))
                .await
                .is_some();
            match self.tell(state).await {
                Ok(()) => every = every.mul_f64(0.9).max(EVERY_MIN),
                Err(error) => {
                    tracing::debug!(%error, "what jobs take is told later");
                    every = (every * 2).min(EVERY_MAX);
                }
            }
            if !goes_on {
                return;
            }
        }
    }

    fn pending<T>(&self, change: impl FnOnce(&mut Costs) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use minilab_store::Memory;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_workers_tells_everything_in_the_end() {
        let (state, stop) = (Memory::new(), CancellationToken::new());
        let mut running = tokio::task::JoinSet::new();
        for _ in 0..40 {
            let lessons = Arc::new(Lessons::default());
            (0..5).for_each(|_| lessons.note(Place::Fast, 100, Duration::from_millis(300)));
            let (state, stop) = (state.clone(), stop.clone());
            running.spawn(async move { lessons.run(&state, stop).await });
        }
        tokio::time::sleep(Duration::from_hours(1)).await;
        stop.cancel();
        running.join_all().await;
        let costs = serde_json::to_value(Costs::load(&state).await.unwrap()).unwrap();
        assert_eq!(costs["places"]["fast"]["6"]["jobs"], 200.0, "{costs}");
    }
}
