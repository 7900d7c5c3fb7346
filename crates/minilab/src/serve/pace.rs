//! How many messages a second are taken: a sender gone mad must not keep a dispatcher from everything else.
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// So many at once after a rest, and so many a second for long.
#[derive(Debug)]
pub struct Pace {
    per_second: f64,
    at_once: f64,
    left: Mutex<(f64, Instant)>,
}

impl Pace {
    /// Rested.
    pub fn new(per_second: u32, at_once: u32) -> Self {
        Self {
            per_second: per_second.into(),
            at_once: at_once.into(),
            left: Mutex::new((at_once.into(), Instant::now())),
        }
    }

    /// Takes one, or says when there will be one.
    pub fn take(&self) -> Result<(), Duration> {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let rested = now.duration_since(left.1).as_secs_f64() * self.per_second;
        *left = ((left.0 + rested).min(self.at_once), now);
        if left.0 < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - left.0) / self.per_second));
        }
        left.0 -= 1.0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn some_pass_at_once_and_then_as_many_as_time_allows() {
        let pace = Pace::new(10, 3);
        for _ in 0..2 {
            assert_eq!([pace.take(), pace.take(), pace.take()], [Ok(()); 3]);
            let wait = pace.take().unwrap_err();
            assert!(
                wait <= Duration::from_millis(100) && wait > Duration::from_millis(90),
                "{wait:?}"
            );
            tokio::time::advance(Duration::from_millis(101)).await;
            assert!(pace.take().is_ok() && pace.take().is_err());
            tokio::time::advance(Duration::from_hours(1)).await;
        }
    }
}
