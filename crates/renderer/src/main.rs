//! `minilab-renderer`: decodes and encodes in a process of its own, for the worker that started it.
use std::process::ExitCode;

fn main() -> ExitCode {
    minilab_renderer::main()
}
