//! What traces show of an event: that it happened, and that a job was sent for it. The job carries the place below which it goes on.
use std::time::{Duration, SystemTime};

use minilab_telemetry::{
    Label as _,
    traces::{Kind, Span, SpanContext, Tracer},
};

use crate::Hint;

/// Longer ago is no delay of ours that a trace should show: a listing dates an original by its upload.
const DELAY_MAX: Duration = Duration::from_mins(15);

/// The beginning of a trace: an event, and the sending of its job.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traced {
    event: SpanContext,
    send: SpanContext,
    noticed: SystemTime,
}

impl Traced {
    /// Of an event that is noticed now; `None` where nobody is told.
    pub fn begin(tracer: &Tracer, now: SystemTime) -> Option<Self> {
        let event = tracer.begin()?;
        Some(Self {
            event,
            send: event.child(),
            noticed: now,
        })
    }

    /// What the job carries.
    pub fn traceparent(&self) -> String {
        self.send.to_string()
    }

    /// The broker has taken the job.
    pub fn end(self, tracer: &Tracer, hint: &Hint, now: SystemTime) {
        let said = hint.event_time.filter(|said| {
            let ago = self.noticed.duration_since(*said);
            ago.is_ok_and(|ago| ago <= DELAY_MAX)
        });
        let span = |context, parent, name, kind, begun| Span {
            context,
            parent,
            name,
            kind,
            begun,
            ended: now,
            failed: None,
            attributes: vec![
                ("original.key", hint.key.as_str().into()),
                ("producer", hint.producer.as_str().into()),
            ],
        };
        let begun = said.unwrap_or(self.noticed);
        tracer.end(span(self.event, None, "event", Kind::Internal, begun));
        tracer.end(span(
            self.send,
            Some(self.event),
            "send",
            Kind::Producer,
            self.noticed,
        ));
    }
}
