//! What a renderer writes to its standard error: drained, or a full pipe would stop it; the end is kept for the log.
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::ChildStderr;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::child::printable;

/// How much of the end is kept.
const TAIL_BYTES: usize = 16 << 10;
/// The pipe of a dead process ends at once, unless something it left behind holds it.
const END_DEADLINE: Duration = Duration::from_secs(1);

/// The last 16 KB.
#[derive(Debug)]
pub(super) struct StderrTail {
    tail: Arc<Mutex<Vec<u8>>>,
    drain: JoinHandle<()>,
}

impl StderrTail {
    /// Reads until the renderer is gone.
    pub(super) fn follow(mut stderr: ChildStderr) -> Self {
        let tail = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&tail);
        let drain = tokio::spawn(async move {
            let mut chunk = [0; 4096];
            while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
                let mut kept = kept.lock().expect("nothing panics while it holds the tail");
                kept.extend_from_slice(&chunk[..length]);
                let excess = kept.len().saturating_sub(TAIL_BYTES);
                kept.drain(..excess);
            }
        });
        Self { tail, drain }
    }

    /// What it said last, safe to log.
    pub(super) async fn finish(mut self) -> String {
        let _ = timeout(END_DEADLINE, &mut self.drain).await;
        let tail = self.tail.lock().expect("nothing panics while it holds the tail");
        match String::from_utf8_lossy(&tail).trim() {
            "" => "(nothing)".to_owned(),
            said => printable(said, TAIL_BYTES),
        }
    }
}

impl Drop for StderrTail {
    fn drop(&mut self) {
        self.drain.abort();
    }
}
