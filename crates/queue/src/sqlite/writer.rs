//! The one thread that touches the database. Calls that arrive while a commit is on its way to the disk share the next one,
//! and are answered after it.
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{call::Call, failure, ledger::Ledger, lock::ProcessLock, schema};
use crate::{Clock, Error, Limits, waiters::Waiters};

/// Calls that wait for the thread before callers have to wait for a place.
const CALLS_WAITING_MAX: usize = 1024;
/// Calls in one transaction: enough to hide the disk's latency, few enough that the first is not kept waiting.
const CALLS_PER_COMMIT_MAX: usize = 256;

/// Something for the thread to do.
pub(super) enum Command {
    Run(Box<dyn Call>),
    /// Finish what was accepted, let go of the files, then answer.
    Close(oneshot::Sender<()>),
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Run(_) => "Run",
            Self::Close(_) => "Close",
        })
    }
}

/// What the thread works with. The lock outlives the connection: fields drop in order.
pub(super) struct Writer {
    connection: Connection,
    broker: String,
    clock: Arc<dyn Clock>,
    limits: Limits,
    waiters: Arc<Waiters>,
    _lock: ProcessLock,
}

/// Starts the thread; answers once the database can be used.
pub(super) async fn start(
    path: PathBuf,
    clock: Arc<dyn Clock>,
    limits: Limits,
    waiters: Arc<Waiters>,
) -> Result<mpsc::Sender<Command>, Error> {
    let (commands, queue) = mpsc::channel(CALLS_WAITING_MAX);
    let (opened, ready) = oneshot::channel();
    let broker = path.display().to_string();
    let body = move || match Writer::open(&path, clock, limits, waiters) {
        // Nobody waits any more: the caller of `open` was dropped, and the files are let go again.
        Ok(writer) => {
            if opened.send(Ok(())).is_ok() {
                writer.run(queue);
            }
        }
        Err(error) => drop(opened.send(Err(error))),
    };
    let unavailable = |cause| Error::Unavailable {
        queue: broker,
        operation: "start the writer",
        cause,
    };
    match thread::Builder::new().name("minilab-queue".into()).spawn(body) {
        Err(cause) => return Err(unavailable(Box::new(cause))),
        Ok(_detached) => {}
    }
    match ready.await {
        Ok(opened) => opened.map(|()| commands),
        Err(cause) => Err(unavailable(Box::new(cause))),
    }
}

impl Writer {
    fn open(
        path: &Path,
        clock: Arc<dyn Clock>,
        limits: Limits,
        waiters: Arc<Waiters>,
    ) -> Result<Self, Error> {
        let lock = ProcessLock::take(path)?;
        let connection = schema::open(path)?;
        let broker = path.display().to_string();
        let mut writer = Self {
            connection,
            broker,
            clock,
            limits,
            waiters,
            _lock: lock,
        };
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method is bound to one ledger's lifetime"
        )]
        let forgotten = writer.transact(|ledger| ledger.forget_leases());
        let count = forgotten.map_err(|cause| failure::classify(&writer.broker, "reset leases", cause))?;
        if count > 0 {
            tracing::info!(queue = %writer.broker, count, "messages of an ended process are due again");
        }
        Ok(writer)
    }

    fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        let mut closing = Vec::new();
        while let Some(first) = commands.blocking_recv() {
            let mut batch = Vec::new();
            let mut next = Some(first);
            while let Some(command) = next {
                match command {
                    Command::Run(call) => batch.push(call),
                    Command::Close(done) => {
                        commands.close();
                        closing.push(done);
                    }
                }
                next = if batch.len() < CALLS_PER_COMMIT_MAX {
                    commands.try_recv().ok()
                } else {
                    None
                };
            }
            self.serve(batch);
        }
        let waiters = Arc::clone(&self.waiters);
        drop(self);
        waiters.ring_all();
        for done in closing {
            // Who was dropped while waiting does not need to know.
            let _ = done.send(());
        }
    }

    /// Runs a batch as one; if that fails, each call alone, so that one too large for a full disk takes no other down.
    fn serve(&mut self, mut batch: Vec<Box<dyn Call>>) {
        if batch.len() > 1 {
            let together = self.transact(|ledger| batch.iter_mut().try_for_each(|call| call.run(ledger)));
            if together.is_ok() {
                for call in batch {
                    call.answer(Ok(()));
                }
                return;
            }
        }
        for mut call in batch {
            let operation = call.operation();
            let alone = self.transact(|ledger| call.run(ledger));
            call.answer(alone.map_err(|cause| failure::classify(&self.broker, operation, cause)));
        }
    }

    /// One transaction, and after its commit a ring for whom it may concern.
    fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Ledger<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut ledger = Ledger::open(&transaction, self.clock.now(), self.limits)?;
        let result = work(&mut ledger)?;
        let touched = ledger.into_touched();
        transaction.commit()?;
        for queue in &touched {
            self.waiters.ring(queue);
        }
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Outgoing, QueueName, SystemClock, limits, sqlite::call::Asked};

    #[tokio::test]
    async fn a_full_disk_is_unavailable_and_takes_only_the_calls_that_do_not_fit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("queue.db");
        let limits = limits::embedded(limits::LEASE);
        let mut writer =
            Writer::open(&path, Arc::new(SystemClock::default()), limits, Arc::default()).unwrap();
        let pages: i64 = writer
            .connection
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        writer
            .connection
            .pragma_update(None, "max_page_count", pages)
            .unwrap();

        let lane = QueueName::new("fast").unwrap();
        let send = |bytes: usize| {
            let messages = vec![Outgoing::new(lane.clone(), vec![0; bytes])];
            Asked::new("send", move |ledger| ledger.send(&messages))
        };
        let ((small, small_answer), (large, large_answer)) = (send(10), send(100_000));
        writer.serve(vec![Box::new(small), Box::new(large)]);

        small_answer.await.unwrap().unwrap();
        let error = large_answer.await.unwrap().unwrap_err();
        assert!(
            error.is_transient()
                && matches!(
                    error,
                    Error::Unavailable {
                        operation: "send",
                        ..
                    }
                ),
            "{error}"
        );
        assert_eq!(writer.transact(|ledger| ledger.depth(&lane)).unwrap().ready, 1);
    }
}
