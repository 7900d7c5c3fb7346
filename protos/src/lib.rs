//! Versioned wire schemas and their Rust types.
//!
//! [`job`] is proto3 JSON on every broker, [`renderer`] is binary between a worker and its renderer processes,
//! [`manifest`] is what front ends read.
mod job_json;
pub mod manifest;
pub mod shapes;

pub use job_json::{JOB_BYTES_MAX, JOB_VERSION, JobError};

/// The job envelope.
#[expect(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated; the documentation is in the schema"
)]
pub mod job {
    include!(concat!(env!("OUT_DIR"), "/minilab.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/minilab.v1.serde.rs"));
}

/// The renderer protocol.
#[expect(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated; the documentation is in the schema"
)]
pub mod renderer {
    include!(concat!(env!("OUT_DIR"), "/minilab.renderer.v1.rs"));
}
