//! A queue whose calls are counted and timed.
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use minilab_queue::{
    Delivery, Depth, Disposition, Error, Limits, Noticed, Outgoing, Queue, QueueName, Receipt, Settled,
};

use crate::{
    labels::{QueueOperation, QueueResult},
    metrics::QueueMetrics,
};

/// Wraps a queue; changes nothing but the metrics.
#[derive(Debug)]
pub struct MeteredQueue {
    inner: Arc<dyn Queue>,
    metrics: QueueMetrics,
    rescued: AtomicU64,
}

impl MeteredQueue {
    /// Counts the calls of `inner`.
    pub fn new(inner: Arc<dyn Queue>, metrics: &QueueMetrics) -> Self {
        Self {
            inner,
            metrics: metrics.clone(),
            rescued: AtomicU64::new(0),
        }
    }

    /// Whoever looks at the queues, every few seconds, brings this up to date.
    fn tell_noticed(&self) {
        let Noticed { rescued, delayed } = self.inner.noticed();
        let told = self.rescued.fetch_max(rescued, Ordering::Relaxed);
        self.metrics
            .queue_messages_rescued_total
            .add((), rescued.saturating_sub(told));
        if let Some(delayed) = delayed {
            self.metrics.queue_messages_delayed.set((), delayed as i64);
        }
    }

    /// Answers what `call` answers; `judge` names a good answer.
    async fn metered<T>(
        &self,
        operation: QueueOperation,
        call: impl Future<Output = Result<T, Error>> + Send,
        judge: impl Fn(&T) -> QueueResult + Send,
    ) -> Result<T, Error> {
        let begun = Instant::now();
        let answer = call.await;
        if operation != QueueOperation::Receive {
            self.metrics
                .queue_request_duration_seconds
                .observe(operation, begun.elapsed());
        }
        let result = match &answer {
            Ok(value) => judge(value),
            Err(error) if error.is_transient() => QueueResult::Unavailable,
            Err(_) => QueueResult::Refused,
        };
        self.metrics.queue_requests_total.inc((operation, result));
        answer
    }
}

fn ok<T>(_: &T) -> QueueResult {
    QueueResult::Ok
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "it judges an answer that the caller still needs"
)]
fn settled(settled: &Settled) -> QueueResult {
    match settled {
        Settled::Done => QueueResult::Ok,
        Settled::LeaseLost => QueueResult::LeaseLost,
    }
}

#[deny(
    clippy::missing_trait_methods,
    reason = "a method left to its default would escape the metrics"
)]
#[async_trait]
impl Queue for MeteredQueue {
    fn limits(&self) -> Limits {
        self.inner.limits()
    }

    async fn send(&self, messages: Vec<Outgoing>) -> Result<(), Error> {
        self.metered(QueueOperation::Send, self.inner.send(messages), ok)
            .await
    }

    async fn receive(&self, queue: &QueueName, max: usize, wait: Duration) -> Result<Vec<Delivery>, Error> {
        self.metered(QueueOperation::Receive, self.inner.receive(queue, max, wait), ok)
            .await
    }

    async fn extend(&self, receipt: &Receipt) -> Result<Settled, Error> {
        self.metered(QueueOperation::Extend, self.inner.extend(receipt), settled)
            .await
    }

    async fn settle(&self, receipt: &Receipt, disposition: Disposition) -> Result<Settled, Error> {
        self.metered(
            QueueOperation::Settle,
            self.inner.settle(receipt, disposition),
            settled,
        )
        .await
    }

    async fn depth(&self, queue: &QueueName) -> Result<Depth, Error> {
        self.tell_noticed();
        self.metered(QueueOperation::Depth, self.inner.depth(queue), ok)
            .await
    }

    async fn works(&self, queue: &QueueName) -> Result<(), Error> {
        self.tell_noticed();
        self.metered(QueueOperation::Depth, self.inner.works(queue), ok)
            .await
    }

    fn noticed(&self) -> Noticed {
        self.inner.noticed()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

#[cfg(test)]
mod tests {
    use minilab_queue::Memory;

    use super::*;
    use crate::Metrics;

    #[tokio::test]
    async fn calls_are_counted_and_a_lost_lease_is_told_from_a_settlement() {
        let metrics = Metrics::new("test");
        let queue = MeteredQueue::new(Arc::new(Memory::default()), &metrics.queue);
        let name = QueueName::new("fast").unwrap();
        queue.send(vec![Outgoing::new(name.clone(), "a")]).await.unwrap();
        let delivery = queue.receive(&name, 1, Duration::ZERO).await.unwrap().remove(0);
        for _ in 0..2 {
            queue
                .settle(&delivery.receipt, Disposition::Complete)
                .await
                .unwrap();
        }
        let count = |operation, result| metrics.queue.queue_requests_total.get((operation, result));
        assert_eq!(count(QueueOperation::Send, QueueResult::Ok), 1);
        assert_eq!(count(QueueOperation::Settle, QueueResult::Ok), 1);
        assert_eq!(count(QueueOperation::Settle, QueueResult::LeaseLost), 1);
        assert_eq!(
            metrics
                .queue
                .queue_request_duration_seconds
                .count(QueueOperation::Receive),
            0
        );
    }
}
