//! The worker's pool with real processes: `minilab-renderer` itself, and a far end that misbehaves.
#![expect(clippy::unwrap_used, reason = "a failed expectation of a test")]
mod admission;
mod faults;
mod isolation;
mod life;
mod overlays;
mod pictures;
mod png;
mod priority;
mod takeover;
mod tenants;
mod walls;
mod world;
