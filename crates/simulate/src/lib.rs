//! Days of uploads against fleets that nobody has: how long they wait, and what that costs in pods.
//!
//! Time goes on in seconds. Uploads of one second, class and lane are one batch, so a day of a hundred million takes as long as
//! a day of a thousand. Pods start late, stop slowly and are chosen blindly; autoscaling is what Kubernetes and KEDA document
//! ([`hpa`]). No clock, no files: the same scenario and seed come to the same.
pub mod hpa;
mod latency;
mod mix;
mod outcome;
mod plot;
mod pods;
mod run;
pub mod station;
mod trace;

pub use latency::Latencies;
pub use mix::{Class, LANES, usual};
pub use outcome::{Minute, OfLane, Outcome};
pub use plot::svg;
pub use run::{LaneTerms, Policy, Scenario, run};
pub use trace::{InvalidTrace, Trace};
