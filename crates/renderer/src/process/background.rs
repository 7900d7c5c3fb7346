//! Steps behind everything else that wants the CPU.
//!
//! An unprivileged process can do so and can never undo it, so it is an end for the process, not a state of it.
#![expect(
    unsafe_code,
    reason = "a system call that no safe crate offers; one of the listed places"
)]
use std::sync::atomic::{AtomicI32, Ordering::SeqCst};
use std::{io, mem};

use super::muster::Muster;

/// What the kernel said to a thread that it refused; zero: nothing.
static REFUSAL: AtomicI32 = AtomicI32::new(0);

/// Puts every thread under `SCHED_IDLE`, each by itself, for no thread may say it of another once the walls are up; threads that
/// they start are under it too.
pub fn enter(muster: &Muster) -> io::Result<()> {
    muster.each(set_idle)?;
    match REFUSAL.load(SeqCst) {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

fn set_idle() {
    // SAFETY: plain numbers, for which zero is a value; it is the only priority that the policy knows.
    let parameters: libc::sched_param = unsafe { mem::zeroed() };
    // SAFETY: reads `parameters` and touches no other memory.
    let answer = unsafe { libc::sched_setscheduler(0, libc::SCHED_IDLE, &raw const parameters) };
    if answer != 0 {
        // SAFETY: the address of this thread's own errno.
        REFUSAL.store(unsafe { *libc::__errno_location() }, SeqCst);
    }
}
