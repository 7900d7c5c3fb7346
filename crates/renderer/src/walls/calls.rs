//! Seccomp: the system calls that decoding and encoding need, and no other, on every thread.
//!
//! What is not listed answers `EPERM`, so that a library which asks for a comfort goes on without it. Nothing is killed for
//! asking: [`super::trial`] asks for everything. `clone3` answers `ENOSYS`, as on a kernel that does not know it, because the
//! C library then starts its threads by `clone`, whose arguments can be looked at.
use std::collections::BTreeMap;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use libc::c_long;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// By number; no rule: whatever the arguments.
pub(super) type Allowed = BTreeMap<c_long, Vec<SeccompRule>>;

/// Needed with any arguments: they act on this process alone, or on descriptors that it was given.
const FREELY: &[c_long] = &[
    // Memory.
    libc::SYS_brk,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    // Threads: to wait for each other and to end.
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_restart_syscall,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    // Signals to itself, the worker's SIGKILL aside.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // Time, where the kernel does not tell it without being asked.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    // Random numbers for hash tables, and the machine's memory by which libraries choose their buffers.
    libc::SYS_getrandom,
    libc::SYS_sysinfo,
    // Descriptors that are open: an original's length, a finished file's bytes.
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_writev,
];

/// Unknown, as far as this process can tell: its flags lie in memory, where no filter sees them.
const ABSENT: c_long = libc::SYS_clone3;

/// The socket to the worker.
const LINK: u64 = 0;
/// A thread of this process, whatever else is asked.
const THREAD: u64 = (libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_THREAD) as u64;
/// What would make it more than a thread.
const MORE_THAN_A_THREAD: u64 = (libc::CLONE_NEWNS
    | libc::CLONE_NEWCGROUP
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWUSER
    | libc::CLONE_NEWPID
    | libc::CLONE_NEWNET
    | libc::CLONE_PTRACE
    | libc::CLONE_PARENT
    | libc::CLONE_PIDFD
    | libc::CLONE_IO
    | libc::CLONE_VFORK) as u64;

/// Binds every thread of this process, and those to come, for good. `tasks`: the folder of its own threads.
pub(super) fn filter(tasks: BorrowedFd<'_>) -> Result<(), String> {
    let allowed = allowed(tasks).map_err(|cause| cause.to_string())?;
    for program in programs(allowed).map_err(|cause| cause.to_string())? {
        seccompiler::apply_filter_all_threads(&program).map_err(|cause| match cause {
            seccompiler::Error::Seccomp(cause) => cause.to_string(),
            other => other.to_string(),
        })?;
    }
    Ok(())
}

/// All that a renderer may ask.
pub(super) fn allowed(tasks: BorrowedFd<'_>) -> Result<Allowed, BackendError> {
    use SeccompCmpOp::{Eq, MaskedEq};
    let own = u64::from(std::process::id());
    let mut allowed: Allowed = FREELY.iter().map(|call| (*call, Vec::new())).collect();
    let mut also = |call: c_long, rules: &[&[(u8, SeccompCmpOp, u64)]]| {
        let rules = rules.iter().map(|rule| rule_of(rule));
        allowed.insert(call, rules.collect::<Result<_, BackendError>>()?);
        Ok::<(), BackendError>(())
    };
    // Memory, but none that can be executed.
    let executable = MaskedEq(libc::PROT_EXEC as u64);
    also(libc::SYS_mmap, &[&[(2, executable.clone(), 0)]])?;
    also(libc::SYS_mprotect, &[&[(2, executable, 0)]])?;
    // Threads, but no processes.
    let thread = MaskedEq(THREAD | MORE_THAN_A_THREAD);
    also(libc::SYS_clone, &[&[(0, thread, THREAD)]])?;
    // Their names, and nothing else of what this call can do.
    also(libc::SYS_prctl, &[&[(0, Eq, libc::PR_SET_NAME as u64)]])?;
    // How a thread is scheduled may be looked at (GLib does), and only ever be made worse, by itself.
    also(libc::SYS_sched_getattr, &[&[(0, Eq, 0)], &[(0, Eq, own)]])?;
    let idle = (1, Eq, libc::SCHED_IDLE as u64);
    also(libc::SYS_sched_setscheduler, &[&[(0, Eq, 0), idle]])?;
    // Signals to this process' own threads: `abort`, and the muster of all of them.
    also(libc::SYS_tgkill, &[&[(0, Eq, own)]])?;
    also(libc::SYS_getdents64, &[&[(0, Eq, tasks.as_raw_fd() as u64)]])?;
    // Messages to and from the worker; to no other address.
    also(libc::SYS_recvmsg, &[&[(0, Eq, LINK)]])?;
    also(libc::SYS_sendto, &[&[(0, Eq, LINK), (4, Eq, 0)]])?;
    // Seals of an original. Other commands of this call duplicate, lock, and have signals sent to others.
    let commands = [libc::F_GET_SEALS, libc::F_GETFD].map(|command| [(1, Eq, command as u64)]);
    also(libc::SYS_fcntl, &[&commands[0], &commands[1]])?;
    Ok(allowed)
}

/// Of several filters the strictest answer counts, and among refusals that of the newest. So what is absent passes the newest
/// one, which must be the one that forbids to raise more of them.
pub(super) fn programs(mut allowed: Allowed) -> Result<[BpfProgram; 2], BackendError> {
    allowed.insert(ABSENT, Vec::new());
    let architecture = std::env::consts::ARCH.try_into()?;
    let refused = |errno: i32| SeccompAction::Errno(errno as u32);
    let absent = SeccompFilter::new(
        [(ABSENT, Vec::new())].into(),
        SeccompAction::Allow,
        refused(libc::ENOSYS),
        architecture,
    )?;
    let allowed = SeccompFilter::new(allowed, refused(libc::EPERM), SeccompAction::Allow, architecture)?;
    Ok([absent.try_into()?, allowed.try_into()?])
}

fn rule_of(conditions: &[(u8, SeccompCmpOp, u64)]) -> Result<SeccompRule, BackendError> {
    let conditions = conditions.iter().cloned().map(|(argument, operator, value)| {
        // Addresses are compared whole; flags and descriptors are 32 bits, and the kernel looks at no more of them.
        let length = if value == 0 && operator == SeccompCmpOp::Eq {
            SeccompCmpArgLen::Qword
        } else {
            SeccompCmpArgLen::Dword
        };
        SeccompCondition::new(argument, length, operator, value)
    });
    SeccompRule::new(conditions.collect::<Result<_, _>>()?)
}
