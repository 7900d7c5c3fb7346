//! `minilab-renderer`: decodes and encodes in a process of its own, for the worker that started it.
//!
//! It gets one socket (as standard input), its arguments and no environment. Whatever an original does to it
//! ends with this process. Dies with its worker: the kernel kills it when the thread that started it ends, and a closed
//! socket ends it in any case.
mod analyses;
mod arguments;
mod link;
mod process;
mod serve;
mod shelf;
mod survey;
mod trim;
mod walls;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use minilab_imaging::{Engine, Settings};
use minilab_protos::renderer::{EXIT_OUT_OF_MEMORY, Hello, reply};

use crate::arguments::Arguments;
use crate::link::{Link, LinkError};
use crate::serve::Stop;

/// Digest of the sources that both binaries were built from.
const BUILD_ID: &str = env!("MINILAB_BUILD_ID");

/// Started by hand, or wrongly (EX_USAGE).
const EXIT_USAGE: u8 = 64;
/// libvips or the sandbox did not come up (EX_UNAVAILABLE).
const EXIT_START: u8 = 69;
/// The worker broke the protocol (EX_PROTOCOL).
const EXIT_PROTOCOL: u8 = 76;
/// A panic, as the Rust runtime reports it.
const EXIT_PANIC: u8 = 101;

fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(sentence) => return give_up(EXIT_USAGE, &sentence),
    };
    match catch_unwind(AssertUnwindSafe(|| run(&arguments))) {
        Ok(status) => status,
        // The message is on standard error already.
        Err(_) => ExitCode::from(EXIT_PANIC),
    }
}

/// In the order that the walls need: what reads files first, then the walls, then the first byte of an original.
fn run(arguments: &Arguments) -> ExitCode {
    process::allocator::keep_one_heap();
    process::inherited::close();
    if let Err(cause) = process::die_with_parent() {
        return give_up(
            EXIT_START,
            &format!("cannot ask to be killed with the worker: {cause}"),
        );
    }
    let engine = match Engine::start(Settings::default()) {
        Ok(engine) => engine,
        Err(error) => return give_up(EXIT_START, &error.to_string()),
    };
    if let Err(cause) = process::limit(arguments) {
        return give_up(
            EXIT_START,
            &format!("cannot set the limits of the process: {cause}"),
        );
    }
    // After libvips is warm, for which the worker waits.
    if arguments.background
        && let Err(cause) = process::background::enter()
    {
        return give_up(
            EXIT_START,
            &format!("cannot step behind other processes (SCHED_IDLE): {cause}"),
        );
    }
    walls::raise();
    let mut link = Link::inherited();
    let hello = Hello {
        build_id: BUILD_ID.to_owned(),
        engine: format!("libvips {} ({})", engine.version(), engine.build_id()),
    };
    let served = link.send(reply::Body::Hello(hello)).map_err(Stop::from);
    match served.and_then(|()| serve::serve(&engine, &mut link, arguments)) {
        Ok(()) | Err(Stop::Link(LinkError::Closed)) => ExitCode::SUCCESS,
        Err(Stop::OutOfMemory) => give_up(EXIT_OUT_OF_MEMORY as u8, "out of memory"),
        Err(Stop::Link(error)) => give_up(EXIT_PROTOCOL, &error.to_string()),
    }
}

fn give_up(status: u8, sentence: &str) -> ExitCode {
    eprintln!("minilab-renderer: {sentence}");
    ExitCode::from(status)
}
