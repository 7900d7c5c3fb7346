//! A machine that lacks a wall, as far as the renderer can see: it is started from here behind a filter by which the kernel
//! does not know the system call that raises that wall. Which one, this program's own name says: `without-seccomp`,
//! `without-landlock`.
use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args();
    let name = arguments.next().unwrap_or_default();
    let missing = if name.ends_with("without-seccomp") {
        libc::SYS_seccomp
    } else if name.ends_with("without-landlock") {
        libc::SYS_landlock_create_ruleset
    } else {
        return Err(io::Error::other(
            "what is missing? call this program without-seccomp or without-landlock",
        )
        .into());
    };
    let unknown = SeccompFilter::new(
        [(missing, Vec::new())].into(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    apply_filter(&BpfProgram::try_from(unknown)?)?;
    // Examples lie in a folder beside the program that they are of.
    let own = std::env::current_exe()?;
    let renderer = own
        .ancestors()
        .nth(2)
        .map(|folder| folder.join("minilab-renderer"));
    let renderer = renderer.ok_or_else(|| io::Error::other("this program lies nowhere"))?;
    Err(Command::new(renderer).args(arguments).exec().into())
}
