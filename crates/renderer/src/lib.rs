//! `minilab-renderer`: decodes and encodes in a process of its own, for the worker that started it.
//!
//! It gets one socket (as standard input), its arguments and no environment. Whatever an original does to it
//! ends with this process. Dies with its worker: the kernel kills it when the thread that started it ends, and a closed
//! socket ends it in any case.
//!
//! A library only so that its tests can take it over from inside.
mod analyses;
pub mod arguments;
pub mod link;
pub mod opened;
pub mod process;
mod serve;
mod shelf;
mod start;
pub mod survey;
mod trim;
pub mod walls;

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use minilab_protos::renderer::{EXIT_NO_SANDBOX, EXIT_OUT_OF_MEMORY, Hello, reply};
use minilab_recipe::Sandbox;

use crate::arguments::{Arguments, Errand};
use crate::link::{Link, LinkError};
use crate::serve::Stop;
pub use crate::start::{Refusal, Started, start};

/// Digest of the sources that both binaries were built from.
pub const BUILD_ID: &str = env!("MINILAB_BUILD_ID");

/// Started by hand, or wrongly (EX_USAGE).
const EXIT_USAGE: u8 = 64;
/// libvips did not come up (EX_UNAVAILABLE).
const EXIT_START: u8 = 69;
/// The worker broke the protocol (EX_PROTOCOL).
const EXIT_PROTOCOL: u8 = 76;
/// A panic, as the Rust runtime reports it.
const EXIT_PANIC: u8 = 101;

/// Limits for a self-test: those that a worker starts renderers with by default.
const SELFTEST: Arguments = Arguments {
    address_space_bytes: 1536 << 20,
    file_bytes_max: 50 << 20,
    background: false,
    sandbox: Sandbox::BestEffort,
};

/// All of the program.
pub fn main() -> ExitCode {
    let errand = match Errand::parse(std::env::args().skip(1)) {
        Ok(errand) => errand,
        Err(sentence) => return give_up(EXIT_USAGE, &sentence),
    };
    let run = || match &errand {
        Errand::Serve(arguments) => serve(arguments),
        Errand::Selftest => selftest(),
    };
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(status) => status,
        // The message is on standard error already.
        Err(_) => ExitCode::from(EXIT_PANIC),
    }
}

fn serve(arguments: &Arguments) -> ExitCode {
    let started = match start(arguments) {
        Ok(started) => started,
        Err(refusal) => return refuse(&refusal),
    };
    let mut link = Link::inherited();
    let hello = Hello {
        build_id: BUILD_ID.to_owned(),
        engine: format!(
            "libvips {} ({})",
            started.engine.version(),
            started.engine.build_id()
        ),
        gaps: started.gaps(),
    };
    let served = link.send(reply::Body::Hello(hello)).map_err(Stop::from);
    let served = served.and_then(|()| serve::serve(&started.engine, &mut link, &started.muster, arguments));
    match served {
        Ok(()) | Err(Stop::Link(LinkError::Closed)) => ExitCode::SUCCESS,
        Err(Stop::OutOfMemory) => give_up(EXIT_OUT_OF_MEMORY as u8, "out of memory"),
        Err(Stop::Link(error)) => give_up(EXIT_PROTOCOL, &error.to_string()),
    }
}

/// Starts as for a worker, and prints what the walls are worth here.
fn selftest() -> ExitCode {
    let started = match start(&SELFTEST) {
        Ok(started) => started,
        Err(refusal) => return refuse(&refusal),
    };
    let mut out = std::io::stdout();
    // Whoever has closed standard output still gets the status.
    let _ = writeln!(out, "{}", started.verdict);
    for gap in &started.gaps {
        let _ = writeln!(out, "missing  {gap}");
    }
    match started.refusal() {
        None => ExitCode::SUCCESS,
        Some(refusal) => refuse(&refusal),
    }
}

fn refuse(refusal: &Refusal) -> ExitCode {
    let status = match refusal {
        Refusal::Machine(_) => EXIT_START,
        Refusal::Sandbox(_) => EXIT_NO_SANDBOX as u8,
    };
    give_up(status, &refusal.to_string())
}

fn give_up(status: u8, sentence: &str) -> ExitCode {
    eprintln!("minilab-renderer: {sentence}");
    ExitCode::from(status)
}
