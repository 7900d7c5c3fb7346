//! A broker, an S3 store and an AWS account for one test: started in a temporary folder, on 127.0.0.1 only, killed and
//! restarted at will.
//!
//! They end, with all that they started, when the value is dropped and when the test's process dies in whatever way.
//! Starting takes seconds and blocks: a suite starts a server once and gives every case a prefix of its own.

mod ministack;
mod moto;
mod ports;
mod process;
mod rabbitmq;
mod seaweedfs;
mod signed;

use std::path::{Path, PathBuf};

pub use self::{
    ministack::Ministack,
    moto::Moto,
    rabbitmq::{RabbitMq, RabbitMqOptions},
    seaweedfs::SeaweedFs,
    signed::Answer,
};

/// Why no server can be started here; `None` if all can.
///
/// ```no_run
/// if let Some(why) = minilab_tests::servers::unavailable() {
///     assert!(std::env::var_os("CI").is_none(), "{why}");
///     println!("skipped: {why}");
/// }
/// ```
pub fn unavailable() -> Option<String> {
    let programs = [
        rabbitmq::program(),
        seaweedfs::program(),
        moto::program(),
        ministack::program(),
    ];
    programs
        .into_iter()
        .find(|program| !program.is_file())
        .map(|program| format!("{} is missing; run `make deps-test`", program.display()))
}

/// Where `make deps-test` puts the servers.
fn servers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests/ lies in the workspace")
        .join(".deps/test")
}
