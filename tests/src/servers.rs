//! A broker, an S3 store and an AWS account for one test: started in a temporary folder, on 127.0.0.1 only, killed and
//! restarted at will.
//!
//! They end, with all that they started, when the value is dropped and when the test's process dies in whatever way.
//! Starting takes seconds and blocks: a suite starts a server once and gives every case a prefix of its own.

mod ministack;
mod moto;
mod ports;
mod process;
mod prometheus;
mod rabbitmq;
mod registry;
mod seaweedfs;
mod signed;

use std::path::{Path, PathBuf};

pub use self::{
    ministack::Ministack,
    moto::Moto,
    prometheus::{Prometheus, Target},
    rabbitmq::{RabbitMq, RabbitMqOptions},
    registry::Registry,
    seaweedfs::SeaweedFs,
    signed::Answer,
};

/// What a suite may need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Server {
    /// [`RabbitMq`].
    RabbitMq,
    /// [`SeaweedFs`].
    SeaweedFs,
    /// [`Moto`].
    Moto,
    /// [`Ministack`].
    Ministack,
    /// [`Prometheus`].
    Prometheus,
    /// [`Registry`].
    Registry,
}

impl Server {
    fn program(self) -> PathBuf {
        match self {
            Self::RabbitMq => rabbitmq::program(),
            Self::SeaweedFs => seaweedfs::program(),
            Self::Moto => moto::program(),
            Self::Ministack => ministack::program(),
            Self::Prometheus => prometheus::program(),
            Self::Registry => registry::program(),
        }
    }
}

/// Why these servers cannot be started here; `None` if all can.
///
/// ```no_run
/// use minilab_tests::servers::{Server, unavailable};
///
/// if let Some(why) = unavailable(&[Server::RabbitMq]) {
///     assert!(std::env::var_os("CI").is_none(), "{why}");
///     println!("skipped: {why}");
/// }
/// ```
pub fn unavailable(needed: &[Server]) -> Option<String> {
    let mut programs = needed.iter().map(|server| server.program());
    programs.find(|program| !program.is_file()).map(|program| {
        let deps = if program == prometheus::program() {
            "deps-chart"
        } else if program == registry::program() {
            "deps-ship"
        } else {
            "deps-test"
        };
        format!("{} is missing; run `make {deps}`", program.display())
    })
}

/// Where `make deps-test` puts the servers.
fn servers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .join(".deps/test")
}
