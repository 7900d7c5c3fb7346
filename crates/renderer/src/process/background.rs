//! Steps behind everything else that wants the CPU.
//!
//! An unprivileged process can do so and can never undo it, so it is an end for the process, not a state of it.
#![expect(
    unsafe_code,
    reason = "a system call that no safe crate offers; one of the listed places"
)]
use std::{fs, io, mem};

/// Puts every thread under `SCHED_IDLE`; threads that they start are under it too. To be called while no other thread is
/// at work, since one that starts meanwhile could be missed.
pub fn enter() -> io::Result<()> {
    for thread in fs::read_dir("/proc/self/task")? {
        let id = thread?.file_name();
        let id = id.to_str().and_then(|id| id.parse().ok());
        set_idle(id.ok_or(io::ErrorKind::InvalidData)?)?;
    }
    Ok(())
}

fn set_idle(thread: libc::pid_t) -> io::Result<()> {
    // SAFETY: plain numbers, for which zero is a value; it is the only priority that the policy knows.
    let parameters: libc::sched_param = unsafe { mem::zeroed() };
    // SAFETY: reads `parameters` and touches no other memory.
    let answer = unsafe { libc::sched_setscheduler(thread, libc::SCHED_IDLE, &raw const parameters) };
    let error = io::Error::last_os_error();
    // A thread may have ended since it was listed.
    if answer == 0 || error.raw_os_error() == Some(libc::ESRCH) {
        Ok(())
    } else {
        Err(error)
    }
}
