//! Deliveries in, derivatives out; owns the pool of renderer processes.
mod assets;
mod attempt;
mod dependency;
mod envelope;
mod error;
pub mod outcome;
pub mod pool;
mod render_once;
pub mod renderer;
pub mod report;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod worker;

pub use assets::{AssetFile, Assets};
pub use dependency::Dependency;
pub use envelope::{backfill_queue, lane_queue};
pub use error::Error;
pub use render_once::{Found, LooseOriginal, OnceFile, Rendered, explain, render_once};
pub use worker::{InvalidLanes, Lanes, Observer, Ready, Unready, Worker, WorkerParts};
