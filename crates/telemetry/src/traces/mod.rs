//! Traces: where in one something is, what is told of a part of it, and who takes that without ever waiting.
//!
//! Spans are written once they have ended, from reports and times that are kept anyway; nothing of a job rests on them.
mod context;
mod tracer;

use std::time::SystemTime;

pub use context::SpanContext;
pub use tracer::{SPANS_MAX, Tracer};

/// A part of a trace that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Its own place.
    pub context: SpanContext,
    /// What it is a part of; `None` for the first of a trace.
    pub parent: Option<SpanContext>,
    /// What it is, from a closed set.
    pub name: &'static str,
    /// Which side of a message it is on.
    pub kind: Kind,
    /// When it began.
    pub begun: SystemTime,
    /// When it ended.
    pub ended: SystemTime,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// More of it, by the names that logs use.
    pub attributes: Vec<(&'static str, Value)>,
}

/// Which side of a message a span is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Neither.
    Internal,
    /// It sends one.
    Producer,
    /// It works on one.
    Consumer,
}

/// What an attribute holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Words.
    Text(String),
    /// A number.
    Count(u64),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}
