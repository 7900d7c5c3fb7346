//! Who takes spans: a queue of limited length in front of whoever tells them, or nobody.
use std::{fmt, sync::Arc};

use tokio::sync::mpsc;

use super::{Span, SpanContext};
use crate::Counter;

/// Spans that wait to be told; a job has about ten. Half a kilobyte each.
pub const SPANS_MAX: usize = 4096;

/// Takes spans and never waits: what finds the queue full is dropped and counted. Clones share the queue.
#[derive(Clone, Default)]
pub struct Tracer(Option<Arc<Queue>>);

struct Queue {
    spans: mpsc::Sender<Span>,
    /// Of the traces that begin here, this share is told.
    ratio: f64,
    dropped: Counter<()>,
}

impl Tracer {
    /// Tells nobody, and begins no traces.
    pub fn off() -> Self {
        Self::default()
    }

    /// Tells whoever receives; of the traces that begin here the share `ratio` (0 to 1).
    pub fn new(ratio: f64, dropped: Counter<()>) -> (Self, mpsc::Receiver<Span>) {
        let (spans, received) = mpsc::channel(SPANS_MAX);
        let queue = Queue {
            spans,
            ratio,
            dropped,
        };
        (Self(Some(Arc::new(queue))), received)
    }

    /// A new trace; `None` where nobody is told of any.
    pub fn begin(&self) -> Option<SpanContext> {
        let queue = self.0.as_ref()?;
        Some(SpanContext::root(fastrand::f64() < queue.ratio))
    }

    /// This has ended.
    pub fn end(&self, span: Span) {
        let Some(queue) = self.0.as_ref().filter(|_| span.context.is_sampled()) else {
            return;
        };
        if queue.spans.try_send(span).is_err() {
            queue.dropped.inc(());
        }
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.0.as_ref().map(|queue| queue.ratio);
        f.debug_struct("Tracer").field("ratio", &ratio).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::{Metrics, traces::Kind};

    fn span(context: SpanContext) -> Span {
        Span {
            context,
            parent: None,
            name: "event",
            kind: Kind::Internal,
            begun: UNIX_EPOCH,
            ended: UNIX_EPOCH,
            failed: None,
            attributes: Vec::new(),
        }
    }

    #[test]
    fn spans_that_find_the_queue_full_are_dropped_and_counted() {
        let dropped = Metrics::new("test").process.trace_spans_dropped_total;
        let (tracer, mut received) = Tracer::new(1.0, dropped.clone());
        let root = tracer.begin().unwrap();
        for _ in 0..SPANS_MAX + 3 {
            tracer.end(span(root.child()));
        }
        assert_eq!(dropped.get(()), 3);
        assert_eq!(received.try_recv().unwrap().context.trace_id(), root.trace_id());
    }

    #[test]
    fn nobody_is_told_of_what_is_not_sampled_or_where_it_is_off() {
        let dropped = Metrics::new("test").process.trace_spans_dropped_total;
        let (tracer, mut received) = Tracer::new(0.0, dropped);
        tracer.end(span(tracer.begin().unwrap()));
        assert!(received.try_recv().is_err());
        assert_eq!(Tracer::off().begin(), None);
        Tracer::off().end(span(SpanContext::root(true)));
    }
}
