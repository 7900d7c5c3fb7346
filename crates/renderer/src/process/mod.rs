//! What this process is: whose end it shares, which descriptors and how much memory it may have.
pub mod allocator;
pub mod background;
pub mod inherited;
pub mod mapped;
pub mod muster;

use std::io;

use rustix::process::{Resource, Rlimit, Signal, set_parent_process_death_signal, setrlimit};

use crate::arguments::Arguments;

/// Three standard ones, an original, the files of the largest plan, and room for what libvips opens.
const DESCRIPTORS_MAX: u64 = 256;

/// Has the kernel kill this process when the thread that started it ends; the worker keeps one for that. If it ended
/// before this call, the closed socket tells.
pub fn die_with_parent() -> io::Result<()> {
    Ok(set_parent_process_death_signal(Some(Signal::KILL))?)
}

/// Limits of the process. CPU time has none: the worker ends a renderer by the wall clock.
pub fn limit(arguments: &Arguments) -> io::Result<()> {
    let limits = [
        (Resource::As, arguments.address_space_bytes),
        (Resource::Fsize, arguments.file_bytes_max),
        (Resource::Nofile, DESCRIPTORS_MAX),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        let most = Some(most);
        setrlimit(
            resource,
            Rlimit {
                current: most,
                maximum: most,
            },
        )?;
    }
    Ok(())
}
