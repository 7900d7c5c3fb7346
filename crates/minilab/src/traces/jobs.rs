//! From what a worker reports of a delivery to spans: the wait, the attempt, and its steps.
use std::time::Duration;

use minilab_telemetry::traces::{Kind, Span, SpanContext, Tracer, Value};
use minilab_worker::report::{JobReport, Place, Settlement, StepReport};

/// Tells of one delivery, if anybody listens.
pub fn tell(tracer: &Tracer, report: &JobReport) {
    let Some(place) = report.place.filter(|place| place.context.is_sampled()) else {
        return;
    };
    // Between attempts a job waits on purpose; the times of the attempts show that.
    if let Some(sender) = place.parent.filter(|_| report.attempt == 1) {
        tracer.end(wait(report, sender));
    }
    tracer.end(attempt(report, place));
    for step in &report.steps {
        tracer.end(self::step(report, place.context, step));
    }
}

fn wait(report: &JobReport, sender: SpanContext) -> Span {
    Span {
        context: sender.child(),
        parent: Some(sender),
        name: "wait",
        kind: Kind::Internal,
        begun: report
            .received_at
            .checked_sub(report.waited)
            .unwrap_or(report.received_at),
        ended: report.received_at,
        failed: None,
        attributes: vec![("queue", report.queue.as_str().into())],
    }
}

fn attempt(report: &JobReport, place: Place) -> Span {
    let milliseconds = |time: Duration| Value::Count(time.as_millis() as u64);
    let work = &report.work;
    Span {
        context: place.context,
        parent: place.parent,
        name: "attempt",
        kind: Kind::Consumer,
        begun: report.received_at,
        ended: report.received_at + report.took,
        failed: report
            .failure
            .as_ref()
            .map(|(code, sentence)| format!("{code}: {sentence}")),
        attributes: vec![
            ("job.id", report.job_id.as_str().into()),
            ("original.key", report.key.as_str().into()),
            ("lane", report.lane.as_str().into()),
            ("queue", report.queue.as_str().into()),
            ("attempt", u64::from(report.attempt).into()),
            ("class", report.class.as_str().into()),
            ("settled", report.settlement.map_or("", Settlement::as_str).into()),
            ("fetch_ms", milliseconds(work.fetch)),
            ("decode_ms", milliseconds(work.decode)),
            ("make_ms", milliseconds(work.make)),
            ("original.bytes", work.original_bytes.into()),
            ("files.bytes", work.made_bytes().into()),
        ],
    }
}

fn step(report: &JobReport, attempt: SpanContext, step: &StepReport) -> Span {
    let begun = report.received_at + step.after;
    Span {
        context: attempt.child(),
        parent: Some(attempt),
        name: step.step,
        kind: Kind::Internal,
        begun,
        ended: begun + step.took,
        failed: None,
        attributes: vec![("lane", step.lane.as_str().into())],
    }
}
