//! What a running minilab tells of itself: logs on stderr, metrics for Prometheus, traces for OpenTelemetry.
//!
//! Instances are passed, nothing is static, so that two services or two tests of one process never mix. Only the logger is
//! one per process, because `tracing` has one.
mod families;
mod labels;
mod logging;
mod metered_queue;
mod metered_store;
mod metrics;
pub mod traces;

pub use families::{Counter, Gauge, Histogram, Level, Seconds};
pub use labels::{
    Class, DeadReason, DependencyLabel, EventResult, ExitKind, FileOutcome, Finding, Format, Indicator,
    KeyRefusal, Label, Labels, Lane, MessageState, PassMode, PassResult, PlaceLabel, Producer, QueueLabel,
    QueueOperation, QueueResult, ReceiverKind, RescanReason, SlotState, Stage, StoreOperation, StoreResult,
    StoreRole, Wall,
};
pub use logging::{Form, InvalidFilter, LogConfig, init};
pub use metered_queue::MeteredQueue;
pub use metered_store::MeteredStore;
pub use metrics::{
    DispatcherMetrics, Metrics, NotifyMetrics, ProcessMetrics, QueueMetrics, RendererMetrics, StoreMetrics,
    WorkerMetrics,
};
