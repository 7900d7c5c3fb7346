//! How long a failed attempt waits for the next one, and when there is none.
use std::time::Duration;

/// The waits between attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backoff {
    delays: Vec<Duration>,
}

/// A blip is over in 5 s; a restart or a throttled minute in two; an hour outlasts most incidents on the other side. Five
/// steps, not a formula, because RabbitMQ needs one wait queue for each.
const DELAYS: [Duration; 5] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_mins(2),
    Duration::from_mins(10),
    Duration::from_hours(1),
];

impl Default for Backoff {
    fn default() -> Self {
        Self::new(DELAYS)
    }
}

impl Backoff {
    /// One wait after each attempt but the last.
    pub fn new(delays: impl Into<Vec<Duration>>) -> Self {
        Self {
            delays: delays.into(),
        }
    }

    /// The wait after the given failed attempt (1-based; 0 counts as 1). `None`: that was the last one.
    pub fn delay(&self, attempt: u32) -> Option<Duration> {
        self.delays.get(attempt.saturating_sub(1) as usize).copied()
    }

    /// How many attempts there are, the first included.
    pub fn attempts_max(&self) -> u32 {
        self.delays.len() as u32 + 1
    }

    /// Every wait, shortest attempt number first: what a broker with one wait queue per delay has to declare.
    pub fn delays(&self) -> &[Duration] {
        &self.delays
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_the_sixth_failure_is_the_last() {
        let backoff = Backoff::default();
        let seconds: Vec<_> = (1..=7)
            .map(|attempt| backoff.delay(attempt).map(|d| d.as_secs()))
            .collect();
        assert_eq!(
            seconds,
            [Some(5), Some(30), Some(120), Some(600), Some(3600), None, None]
        );
        assert_eq!(backoff.attempts_max(), 6);
    }

    #[test]
    fn attempt_zero_counts_as_the_first() {
        assert_eq!(Backoff::default().delay(0), Some(Duration::from_secs(5)));
    }
}
