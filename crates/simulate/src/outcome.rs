//! What a run came to.
use serde::Serialize;

/// A run under one policy.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Which.
    pub policy: String,
    /// Lanes that had anything to do.
    pub lanes: Vec<OfLane>,
    /// Hours of all pods, those that start and those that stop included.
    pub pod_hours: f64,
}

/// One lane of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OfLane {
    /// Its name.
    pub lane: &'static str,
    /// Jobs that were begun.
    pub jobs: f64,
    /// Jobs that still wait at the end.
    pub left: f64,
    /// Seconds from the upload to the end of the job: of half of them, ...
    pub p50_seconds: f64,
    /// of 95 % ...
    pub p95_seconds: f64,
    /// of 99 % ...
    pub p99_seconds: f64,
    /// and of the slowest.
    pub longest_seconds: f64,
    /// What a lane promises; none for backfill.
    pub target_seconds: Option<f64>,
    /// The part that keeps it; what is left counts as late.
    pub attained: Option<f64>,
    /// Hours of its pods.
    pub pod_hours: f64,
    /// Most pods at one time.
    pub pods_max: u32,
    /// Each minute.
    #[serde(skip)]
    pub minutes: Vec<Minute>,
}

/// A minute of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Minute {
    /// Jobs that came, a second.
    pub rate: f64,
    /// Pods that take work, at its end.
    pub pods: u32,
    /// The slowest job that was begun in it, in seconds.
    pub longest_seconds: f64,
    /// CPU seconds that wait, at its end.
    pub waiting_seconds: f64,
}
