//! Every thread of this process does the same, also those that libraries started and that know nothing of it: a signal has
//! each interrupt what it does.
//!
//! For what the kernel counts by thread: scheduling, and what a thread may ask of it.
#![expect(
    unsafe_code,
    reason = "a signal handler, and a signal to one thread; one of the listed places"
)]
use std::fs::File;
use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use rustix::fs::{RawDir, SeekFrom, seek};
use rustix::thread::{Pid, gettid};

/// No library that is linked uses it.
const SIGNAL: i32 = libc::SIGUSR2;
/// A thread answers as soon as it gets the CPU.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be done: a `fn()`.
static WORK: AtomicUsize = AtomicUsize::new(0);
/// The thread that is asked, until it has done it.
static ASKED: AtomicI32 = AtomicI32::new(0);

/// The folder of this process' threads, which stays open when nothing can be opened any more.
#[derive(Debug)]
pub struct Muster {
    tasks: File,
}

impl Muster {
    /// To be called before the walls are up, once.
    pub fn open() -> io::Result<Self> {
        // SAFETY: plain data, for which zero is a value.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_signal as extern "C" fn(i32) as usize;
        // Calls that it interrupts go on, as far as the kernel can have them do so.
        action.sa_flags = libc::SA_RESTART;
        // SAFETY: the handler touches atomics alone, calls what `each` was given, and leaves errno as it was.
        if unsafe { libc::sigaction(SIGNAL, &raw const action, std::ptr::null_mut()) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Self {
            tasks: File::open("/proc/self/task")?,
        })
    }

    /// The folder.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.tasks.as_fd()
    }

    /// Has every thread do `work`, one after the other, and counts them. It must only do what a signal handler may: system
    /// calls and atomics. Threads that start meanwhile are found, too, unless they start and end.
    pub fn each(&self, work: fn()) -> io::Result<usize> {
        let mut done: Vec<Pid> = Vec::new();
        WORK.store(work as usize, SeqCst);
        loop {
            let present = self.threads()?;
            let Some(next) = present.into_iter().find(|thread| !done.contains(thread)) else {
                return Ok(done.len());
            };
            if next == gettid() {
                work();
            } else {
                self.ask(next)?;
            }
            done.push(next);
        }
    }

    /// Until it has answered or ended.
    fn ask(&self, thread: Pid) -> io::Result<()> {
        let id = thread.as_raw_nonzero().get();
        ASKED.store(id, SeqCst);
        // SAFETY: a signal for which `open` has set a handler; touches no memory.
        let sent = unsafe { libc::syscall(libc::SYS_tgkill, std::process::id(), id, SIGNAL) };
        if sent != 0 {
            let cause = io::Error::last_os_error();
            return match cause.raw_os_error() {
                Some(libc::ESRCH) => Ok(()),
                _ => Err(cause),
            };
        }
        let asked = Instant::now();
        while ASKED.load(SeqCst) == id {
            std::thread::yield_now();
            if asked.elapsed() > PATIENCE {
                return Err(io::Error::other(format!(
                    "thread {id} of this process answers no signal"
                )));
            }
            if !self.threads()?.contains(&thread) {
                break;
            }
        }
        Ok(())
    }

    fn threads(&self) -> io::Result<Vec<Pid>> {
        seek(&self.tasks, SeekFrom::Start(0))?;
        let mut space = [MaybeUninit::uninit(); 4096];
        let mut entries = RawDir::new(&self.tasks, &mut space);
        let mut threads = Vec::new();
        while let Some(entry) = entries.next() {
            // All but the folder itself and the one above.
            let id = entry?
                .file_name()
                .to_str()
                .ok()
                .and_then(|name| name.parse().ok());
            threads.extend(id.and_then(Pid::from_raw));
        }
        Ok(threads)
    }
}

extern "C" fn on_signal(_: i32) {
    // SAFETY: the address of this thread's own errno.
    let errno = unsafe { libc::__errno_location() };
    // SAFETY: as above; it is read now and put back below, since whatever was interrupted may be about to read it.
    let before = unsafe { *errno };
    let work = WORK.load(SeqCst);
    if work != 0 {
        // SAFETY: only ever the address of a `fn()`, stored by `each` before the first signal.
        let work: fn() = unsafe { mem::transmute::<usize, fn()>(work) };
        work();
    }
    // SAFETY: as above.
    unsafe { *errno = before };
    ASKED.store(0, SeqCst);
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc;

    use super::*;

    static SEEN: AtomicU32 = AtomicU32::new(0);

    #[test]
    fn threads_that_sleep_do_it_too_and_sleep_on() {
        let (wake, sleeper) = mpsc::channel::<()>();
        let sleeping = std::thread::spawn(move || sleeper.recv());
        let muster = Muster::open().unwrap();
        let count = muster
            .each(|| {
                SEEN.fetch_add(1, SeqCst);
            })
            .unwrap();
        assert_eq!(count as u32, SEEN.load(SeqCst));
        // The runner of the tests, this one, and the one that sleeps.
        assert!(count >= 2, "{count}");
        wake.send(()).unwrap();
        assert_eq!(sleeping.join().unwrap(), Ok(()));
    }
}
