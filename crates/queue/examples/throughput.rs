//! Messages per second through the SQLite adapter on this machine's disk, in a fresh database in the current folder. Every
//! message has a coalescing key of its own, as jobs have, and the last figures are taken with a backlog behind them.
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use minilab_queue::{Disposition, Error, Outgoing, Queue, QueueName, Sqlite, SqliteConfig};
use tokio::task::JoinSet;

const MESSAGES: usize = 20_000;
const PAYLOAD_BYTES: usize = 600;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir_in(".")?;
    let queue = Arc::new(Sqlite::open(SqliteConfig::at(folder.path().join("queue.db"))).await?);
    for (callers, per_send) in [(1, 1), (16, 1), (64, 1), (1, 50)] {
        let total = MESSAGES / if callers == 1 && per_send == 1 { 10 } else { 1 };
        let started = Instant::now();
        all(callers, |_| {
            send(Arc::clone(&queue), total / callers / per_send, per_send)
        })
        .await?;
        println!(
            "send, {callers} callers, {per_send} a call: {:.0}/s",
            total as f64 / started.elapsed().as_secs_f64()
        );
    }
    for workers in [1, 4, 64] {
        let total = if workers == 64 { MESSAGES } else { 2_000 };
        let started = Instant::now();
        all(workers, |_| work(Arc::clone(&queue), total / workers)).await?;
        let rate = total as f64 / started.elapsed().as_secs_f64();
        println!("send + receive + complete, {workers} workers: {rate:.0}/s");
    }
    queue.close().await;
    Ok(())
}

async fn all<F>(count: usize, task: impl Fn(usize) -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let tasks: JoinSet<_> = (0..count).map(task).collect();
    tasks.join_all().await.into_iter().collect()
}

fn job() -> Outgoing {
    static KEYS: AtomicUsize = AtomicUsize::new(0);
    let key = KEYS.fetch_add(1, Ordering::Relaxed);
    Outgoing::new(lane(), vec![b'x'; PAYLOAD_BYTES]).coalescing(format!("photos/{key}.jpg"))
}

fn lane() -> QueueName {
    QueueName::new("fast").expect("a valid name")
}

async fn send(queue: Arc<Sqlite>, calls: usize, per_call: usize) -> Result<(), Error> {
    for _ in 0..calls {
        queue.send((0..per_call).map(|_| job()).collect()).await?;
    }
    Ok(())
}

async fn work(queue: Arc<Sqlite>, jobs: usize) -> Result<(), Error> {
    for _ in 0..jobs {
        send(Arc::clone(&queue), 1, 1).await?;
        for delivery in queue.receive(&lane(), 1, Duration::from_secs(10)).await? {
            queue.settle(&delivery.receipt, Disposition::Complete).await?;
        }
    }
    Ok(())
}
