//! Traces: what is told of a job's run, and to which collector. Off unless the environment names one, by the variables that all
//! programs with OpenTelemetry share; why without its SDK says docs/adr/0022-traces.md.
mod collector;
mod jobs;
mod otlp;
mod settings;

use std::sync::Arc;

use anyhow::Result;
use minilab_telemetry::{Metrics, traces::Tracer};

pub use self::jobs::tell;
use self::{collector::Collector, settings::Settings};
use crate::role::Around;

/// Who takes the spans of this role; what it took is told beside the work, and the rest when that has ended.
pub fn start(role: &str, metrics: &Arc<Metrics>, around: &Around) -> Result<Tracer> {
    let Some(settings) = Settings::read(role, &|name| std::env::var(name).ok())? else {
        return Ok(Tracer::off());
    };
    tracing::info!(collector = %settings.endpoint, ratio = settings.ratio, "traces are told");
    let (tracer, spans) = Tracer::new(settings.ratio, metrics.process.trace_spans_dropped_total.clone());
    let collector = Collector::new(settings, Arc::clone(metrics))?;
    around.run(collector.run(spans, around.ended()));
    Ok(tracer)
}
