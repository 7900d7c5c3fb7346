//! Drain and abort, and how long the end may take.
use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// After an abort, what is still to be told to the broker is told within this time or left to the lease.
const LAST_WORDS_MAX: Duration = Duration::from_secs(5);

/// How a worker is told to end.
#[derive(Debug, Clone)]
pub(super) struct Stop {
    /// Nothing more is begun.
    pub drain: CancellationToken,
    /// What was begun is not finished.
    pub abort: CancellationToken,
}

impl Stop {
    /// What `last` comes to, unless it takes too long after an abort.
    pub async fn in_time<T>(&self, last: impl Future<Output = T>) -> Option<T> {
        let patience = async {
            self.abort.cancelled().await;
            tokio::time::sleep(LAST_WORDS_MAX).await;
        };
        tokio::select! {
            biased;
            told = last => Some(told),
            () = patience => None,
        }
    }
}
