//! Time for adapters whose times outlive the process: it must mean something after a restart, so it is calendar time, and it
//! is an argument, so that tests move it.
use std::{
    fmt,
    time::{Duration, Instant, SystemTime},
};

use async_trait::async_trait;

/// Tells the time and waits for one.
#[async_trait]
pub trait Clock: Send + Sync + fmt::Debug + 'static {
    /// The time. Never earlier than what it said before.
    fn now(&self) -> SystemTime;

    /// Returns once [`Self::now`] has reached `at`. Dropping it has no effect.
    async fn sleep_until(&self, at: SystemTime);
}

/// The machine's clock, read once; from there on time runs with the monotonic clock. So a stepped clock (time service,
/// operator) neither ends a lease early nor holds a message back while the process lives.
#[derive(Debug)]
pub struct SystemClock {
    wall: SystemTime,
    monotonic: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            wall: SystemTime::now(),
            monotonic: Instant::now(),
        }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        self.wall + self.monotonic.elapsed()
    }

    async fn sleep_until(&self, at: SystemTime) {
        tokio::time::sleep(at.duration_since(self.now()).unwrap_or(Duration::ZERO)).await;
    }
}

/// A clock that stands still until it is advanced. Clones show the same time.
#[cfg(feature = "testing")]
#[derive(Debug, Clone)]
pub struct ManualClock(std::sync::Arc<tokio::sync::watch::Sender<SystemTime>>);

#[cfg(feature = "testing")]
impl ManualClock {
    /// Moves the time forward and wakes who waited for it.
    pub fn advance(&self, by: Duration) {
        self.0.send_modify(|now| *now += by);
    }
}

#[cfg(feature = "testing")]
impl Default for ManualClock {
    fn default() -> Self {
        // Any fixed instant will do; this one is easy to recognise in a database: 2001-09-09, 1,000,000,000 s.
        Self(std::sync::Arc::new(tokio::sync::watch::Sender::new(
            SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000),
        )))
    }
}

#[cfg(feature = "testing")]
#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> SystemTime {
        *self.0.borrow()
    }

    async fn sleep_until(&self, at: SystemTime) {
        let mut now = self.0.subscribe();
        now.wait_for(|now| *now >= at)
            .await
            .expect("the sender lives in self");
    }
}
