//! Stop signals: the first drains, a second one or the end of the grace period aborts.
use std::{io, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::speech;

/// How long running work may take to finish after a stop signal; what is left is released, not failed.
pub const GRACE: Duration = Duration::from_secs(100);

/// The two requests to stop, passed to whoever works.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// Stop asking for work.
    pub drain: CancellationToken,
    /// Stop doing it.
    pub abort: CancellationToken,
}

/// The signals that stop this process, caught from here on.
#[derive(Debug)]
pub struct StopSignals {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignals {
    /// Catches SIGINT and SIGTERM.
    pub fn catch() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Turns signals into requests until everything has stopped; the caller drops it then.
    pub async fn watch(mut self, stop: Stop) {
        let signalled = tokio::select! {
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => true,
            // Whoever else asked for it: the grace period holds for all.
            () = stop.drain.cancelled() => false,
        };
        if signalled {
            speech::aside("stopping: finishing what has begun; interrupt once more to stop at once");
            stop.drain.cancel();
        }
        tokio::select! {
            _ = self.interrupt.recv() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
        stop.abort.cancel();
    }
}
