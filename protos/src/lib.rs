//! Versioned wire schemas and their Rust types.
//!
//! [`job`] is proto3 JSON on every broker, [`renderer`] is binary between a worker and its renderer processes,
//! [`manifest`] is what front ends read, [`notification`] what receivers outside are told, [`otlp`] what a collector of traces is.
mod job_json;
pub mod manifest;
pub mod notification;
pub mod shapes;

pub use job_json::{JOB_BYTES_MAX, JOB_VERSION, JobError};

/// The job envelope.
#[expect(
    missing_docs,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    reason = "generated; the documentation is in the schema"
)]
pub mod job {
    include!(concat!(env!("OUT_DIR"), "/minilab.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/minilab.v1.serde.rs"));
}

/// Spans as a collector takes them.
#[expect(
    missing_docs,
    clippy::pedantic,
    reason = "generated; the documentation is in the schema"
)]
pub mod otlp {
    include!(concat!(env!("OUT_DIR"), "/minilab.otlp.v1.rs"));
}

/// The renderer protocol.
pub mod renderer {
    pub use messages::*;

    #[expect(
        missing_docs,
        clippy::pedantic,
        reason = "generated; the documentation is in the schema"
    )]
    mod messages {
        include!(concat!(env!("OUT_DIR"), "/minilab.renderer.v1.rs"));
    }

    /// Longest message. A plan of 200 files takes half of it, and it passes through the socket buffer that Linux allows by
    /// default.
    pub const FRAME_BYTES_MAX: usize = 256 << 10;
    /// Most descriptors beside one message: the files of the largest plan, and 16 pictures that they are made with. The kernel
    /// would take 253.
    pub const DESCRIPTORS_MAX: usize = 216;
    /// Status of a renderer that ran into its memory limit.
    pub const EXIT_OUT_OF_MEMORY: i32 = 70;
    /// Status of a renderer that the kernel does not wall in, where it must (`EX_NOPERM`).
    pub const EXIT_NO_SANDBOX: i32 = 77;
}
