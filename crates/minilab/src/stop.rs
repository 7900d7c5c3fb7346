//! Stop signals: the first drains, a second one or the end of the grace period aborts.
use std::{io, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::speech;

/// How long running work may take to finish after a stop signal unless told; what is left is released, not failed.
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

    /// Turns signals into requests until everything has stopped; the caller drops it then. What has begun may take `grace`.
    pub async fn watch(mut self, stop: Stop, grace: Duration) {
        let signalled = tokio::select! {
            () = self.next() => true,
            // Whoever else asked for it: the grace period holds for all.
            () = stop.drain.cancelled() => false,
        };
        if signalled {
            speech::aside("stopping: finishing what has begun; a second signal stops at once");
            stop.drain.cancel();
        }
        tokio::select! {
            () = self.next() => {}
            () = tokio::time::sleep(grace) => {}
        }
        stop.abort.cancel();
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
