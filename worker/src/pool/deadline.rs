//! By when a renderer must have answered.
//!
//! For one in the background the wall clock says little: it gets the CPU when nothing else on the machine wants it. Its
//! time is over when it has *used* as much of it as it was allowed, or at the latest after twenty minutes.
use std::time::Duration;

use tokio::time::Instant;

use super::process::{TICK, used};

/// As long as a delivery is held at most.
const BACKGROUND_MAX: Duration = Duration::from_mins(20);

/// When an answer is too late.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    wall: Instant,
    background: Option<Background>,
}

#[derive(Debug, Clone, Copy)]
struct Background {
    pid: u32,
    /// What the process may have used by then.
    cpu: Duration,
    at_last: Instant,
}

impl Deadline {
    /// After so much time.
    pub(super) fn after(allowed: Duration) -> Self {
        Self {
            wall: Instant::now() + allowed,
            background: None,
        }
    }

    /// After so much CPU time of a process. Where the kernel does not tell it, after so much time.
    pub(super) fn after_cpu(allowed: Duration, pid: Option<u32>) -> Self {
        let background = pid.and_then(|pid| {
            Some(Background {
                pid,
                cpu: used(pid)? + allowed,
                at_last: Instant::now() + BACKGROUND_MAX,
            })
        });
        Self {
            background,
            ..Self::after(allowed)
        }
    }

    /// When to look whether it is over.
    pub(super) fn wall(&self) -> Instant {
        self.wall
    }

    /// The same, later by time that was not the renderer's.
    pub(super) fn postpone(&mut self, by: Duration) {
        self.wall += by;
    }

    /// Looked at after [`Self::wall`]: is it over? If not, there is a later time to look.
    pub(super) fn is_over(&mut self) -> bool {
        let left = self.background.and_then(|Background { pid, cpu, at_last }| {
            let left = cpu.checked_sub(used(pid)?).filter(|left| *left > TICK)?;
            (Instant::now() < at_last).then_some(left)
        });
        if let Some(left) = left {
            self.wall = Instant::now() + left;
        }
        left.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn process_in_the_background_that_gets_no_cpu_has_time_until_it_is_held_for_too_long() {
        // This process sleeps on paused time, so it uses next to nothing.
        let mut deadline = Deadline::after_cpu(Duration::from_mins(1), Some(std::process::id()));
        let begun = Instant::now();
        tokio::time::sleep_until(deadline.wall()).await;
        assert!(!deadline.is_over());
        while !deadline.is_over() {
            tokio::time::sleep_until(deadline.wall()).await;
        }
        assert!(begun.elapsed() >= BACKGROUND_MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn used_cpu_time_and_the_wall_clock_of_others_end_at_the_deadline() {
        let mut used_up = Deadline::after_cpu(Duration::ZERO, Some(std::process::id()));
        let mut live = Deadline::after(Duration::from_secs(1));
        let mut gone = Deadline::after_cpu(Duration::from_secs(1), Some(u32::MAX));
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(used_up.is_over() && live.is_over() && gone.is_over());
    }
}
