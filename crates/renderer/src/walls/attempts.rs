//! What a program that took this process over would ask of the kernel, harmless even where it is granted: system calls by
//! name, with arguments for which a kernel without walls has another answer than "not permitted".
#![expect(unsafe_code, reason = "system calls as an attacker makes them")]
use std::ffi::CStr;
use std::sync::atomic::{AtomicI32, Ordering::Relaxed};

use libc::c_long;

/// One of them.
#[derive(Debug, Clone, Copy)]
pub struct Attempt {
    /// The system call, and which use of it.
    pub name: &'static str,
    /// Its number.
    pub call: c_long,
    arguments: fn() -> [usize; 6],
    granted: fn(c_long),
}

impl Attempt {
    /// Asks the kernel. The number of the error, or zero where it was granted.
    pub fn make(&self) -> i32 {
        let answer = ask(self.call, (self.arguments)());
        if answer < 0 {
            // SAFETY: the address of this thread's own errno.
            return unsafe { *libc::__errno_location() };
        }
        (self.granted)(answer);
        0
    }
}

/// The parent, found before the walls are up; nobody asks for it afterwards.
static PARENT: AtomicI32 = AtomicI32::new(-1);

/// To be called before the walls are up.
pub fn aim() {
    // SAFETY: touches no memory, and always succeeds.
    PARENT.store(unsafe { libc::getppid() }, Relaxed);
}

fn parent() -> usize {
    PARENT.load(Relaxed) as usize
}

fn ask(call: c_long, with: [usize; 6]) -> c_long {
    // SAFETY: the attempts write to no memory of this process: where they take addresses, those are null, or of
    // constants that they read. What they make is undone by the attempt.
    unsafe { libc::syscall(call, with[0], with[1], with[2], with[3], with[4], with[5]) }
}

/// A descriptor was opened.
fn close(descriptor: c_long) {
    // SAFETY: it was opened a moment ago, and nobody else knows it.
    unsafe { libc::close(descriptor as i32) };
}

/// A process was started, which runs from here as its parent does.
fn end_child(process: c_long) {
    if process == 0 {
        ask(libc::SYS_exit_group, [0; 6]);
    }
    // SAFETY: waits for a child of this process; writes nothing.
    unsafe { libc::waitpid(process as i32, std::ptr::null_mut(), 0) };
}

fn unmap(address: c_long) {
    ask(libc::SYS_munmap, [address as usize, PAGE, 0, 0, 0, 0]);
}

fn nothing(_: c_long) {}

fn text(text: &'static CStr) -> usize {
    text.as_ptr() as usize
}

const PAGE: usize = 4096;
const HERE: usize = libc::AT_FDCWD as usize;
/// No descriptor, process or option has it.
const NONE: usize = usize::MAX;

/// For reading, in any way.
static HOW: [u64; 3] = [0; 3];

macro_rules! attempts {
    ($($name:literal, $call:ident ($($argument:expr),*) $(=> $granted:expr)?;)*) => {
        &[$(Attempt {
            name: $name,
            call: libc::$call,
            arguments: || first_six(&[$($argument as usize),*]),
            granted: attempts!(@ $($granted)?),
        }),*]
    };
    (@) => { nothing };
    (@ $granted:expr) => { $granted };
}

fn first_six(given: &[usize]) -> [usize; 6] {
    let mut six = [0; 6];
    six[..given.len()].copy_from_slice(given);
    six
}

/// Those that every architecture has.
const EVERYWHERE: &[Attempt] = attempts! {
    // Files.
    "openat", SYS_openat(HERE, text(c"/etc/passwd"), libc::O_RDONLY) => close;
    "openat for writing", SYS_openat(HERE, text(c"/dev/null"), libc::O_WRONLY) => close;
    "openat2", SYS_openat2(HERE, text(c"/etc/passwd"), HOW.as_ptr(), 24) => close;
    "open_by_handle_at", SYS_open_by_handle_at(NONE, 0, 0) => close;
    "name_to_handle_at", SYS_name_to_handle_at(NONE, 0, 0, 0, 0);
    "statx", SYS_statx(HERE, text(c"/etc/passwd"), 0, 0, 0);
    "newfstatat", SYS_newfstatat(HERE, text(c"/etc/passwd"), 0, 0);
    "readlinkat", SYS_readlinkat(HERE, text(c"/proc/self/exe"), 0, 1);
    "faccessat", SYS_faccessat(HERE, text(c"/etc/passwd"), 0);
    "chdir", SYS_chdir(0);
    "mkdirat", SYS_mkdirat(NONE, text(c"x"), 0);
    "unlinkat", SYS_unlinkat(NONE, text(c"x"), 0);
    "linkat", SYS_linkat(NONE, text(c"x"), NONE, text(c"y"), 0);
    "symlinkat", SYS_symlinkat(text(c"x"), NONE, text(c"y"));
    "renameat2", SYS_renameat2(NONE, text(c"x"), NONE, text(c"y"), 0);
    "mknodat", SYS_mknodat(NONE, text(c"x"), 0, 0);
    "fchmodat", SYS_fchmodat(NONE, text(c"x"), 0);
    "fchownat", SYS_fchownat(NONE, text(c"x"), NONE, NONE, 0);
    "utimensat", SYS_utimensat(NONE, text(c"x"), 0, 0);
    "ftruncate", SYS_ftruncate(NONE, 0);
    "fallocate", SYS_fallocate(NONE, 0, 0, 1);
    "getdents64", SYS_getdents64(NONE, 0, 0);
    "inotify_init1", SYS_inotify_init1(0) => close;
    "fanotify_init", SYS_fanotify_init(NONE, 0) => close;
    "memfd_create", SYS_memfd_create(text(c"x"), 0) => close;
    "memfd_secret", SYS_memfd_secret(0) => close;
    // The network.
    "socket of TCP", SYS_socket(libc::AF_INET, libc::SOCK_STREAM, 0) => close;
    "socket of UDP", SYS_socket(libc::AF_INET6, libc::SOCK_DGRAM, 0) => close;
    "socket of this machine", SYS_socket(libc::AF_UNIX, libc::SOCK_STREAM, 0) => close;
    "socket of the kernel", SYS_socket(libc::AF_NETLINK, libc::SOCK_RAW, 0) => close;
    "socket of a hypervisor", SYS_socket(libc::AF_VSOCK, libc::SOCK_STREAM, 0) => close;
    "connect", SYS_connect(NONE, 0, 0);
    "bind", SYS_bind(NONE, 0, 0);
    "listen", SYS_listen(NONE, 0);
    "accept4", SYS_accept4(NONE, 0, 0, 0) => close;
    "sendto another address", SYS_sendto(0, 0, 0, 0, 1, NONE);
    "sendmsg, with descriptors", SYS_sendmsg(0, 0, 0);
    "recvmsg of another socket", SYS_recvmsg(NONE, 0, 0);
    // Programs and processes.
    "execve", SYS_execve(0, 0, 0);
    "execveat", SYS_execveat(NONE, text(c""), 0, 0, 0);
    "clone of a process", SYS_clone(libc::SIGCHLD, 0, 0, 0, 0) => end_child;
    "clone into a namespace", SYS_clone(libc::CLONE_NEWUSER | libc::CLONE_THREAD, 0, 0, 0, 0) => end_child;
    "clone3", SYS_clone3(0, 0) => end_child;
    "mmap of what can be executed", SYS_mmap(0, PAGE, libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, NONE, 0) => unmap;
    "mprotect of what can be executed", SYS_mprotect(0, 0, libc::PROT_EXEC);
    "pkey_mprotect", SYS_pkey_mprotect(0, 0, libc::PROT_EXEC, NONE);
    "personality", SYS_personality(u32::MAX);
    "prctl of the parent's death", SYS_prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
    "prctl of adoption", SYS_prctl(libc::PR_SET_CHILD_SUBREAPER, 0);
    "prctl of debugging", SYS_prctl(libc::PR_GET_DUMPABLE, 0);
    "prctl of memory", SYS_prctl(libc::PR_SET_MM, NONE, 0, 0, 0);
    "seccomp", SYS_seccomp(NONE, 0, 0);
    // Other processes, and the worker above all.
    "kill the parent", SYS_kill(parent(), 0);
    "tkill the parent", SYS_tkill(parent(), 0);
    "tgkill the parent", SYS_tgkill(parent(), parent(), 0);
    "rt_sigqueueinfo", SYS_rt_sigqueueinfo(parent(), 0, 0);
    "rt_tgsigqueueinfo", SYS_rt_tgsigqueueinfo(parent(), parent(), 0, 0);
    "pidfd_open the parent", SYS_pidfd_open(parent(), 0) => close;
    "pidfd_getfd", SYS_pidfd_getfd(NONE, 0, 0) => close;
    "pidfd_send_signal", SYS_pidfd_send_signal(NONE, 0, 0, 0);
    "ptrace the parent", SYS_ptrace(libc::PTRACE_PEEKDATA, parent(), 0, 0);
    "process_vm_readv of the parent", SYS_process_vm_readv(parent(), 0, 0, 0, 0, 0);
    "process_vm_writev of the parent", SYS_process_vm_writev(parent(), 0, 0, 0, 0, 0);
    "process_madvise", SYS_process_madvise(NONE, 0, 0, 0, 0);
    "kcmp", SYS_kcmp(parent(), parent(), NONE, 0, 0);
    "prlimit64 of the parent", SYS_prlimit64(parent(), libc::RLIMIT_CORE, 0, 0);
    "sched_setscheduler of the parent", SYS_sched_setscheduler(parent(), libc::SCHED_IDLE, 0);
    "sched_setattr", SYS_sched_setattr(0, 0, 0);
    "sched_setaffinity", SYS_sched_setaffinity(parent(), 0, 0);
    "setpriority", SYS_setpriority(NONE, 0, 0);
    "fcntl of signals to others", SYS_fcntl(NONE, libc::F_SETOWN, 0);
    "shmget", SYS_shmget(libc::IPC_PRIVATE, 0, 0);
    "shmat", SYS_shmat(NONE, 0, 0);
    "msgget", SYS_msgget(1, 0);
    "semget", SYS_semget(libc::IPC_PRIVATE, NONE, 0);
    "mq_open", SYS_mq_open(0, 0, 0, 0) => close;
    // What only the machine's owner should do.
    "setuid", SYS_setuid(NONE);
    "setgroups", SYS_setgroups(NONE, 0);
    "capset", SYS_capset(0, 0);
    "unshare", SYS_unshare(0);
    "setns", SYS_setns(NONE, 0);
    "mount", SYS_mount(0, 0, 0, 0, 0);
    "umount2", SYS_umount2(0, NONE);
    "move_mount", SYS_move_mount(NONE, 0, NONE, 0, NONE);
    "pivot_root", SYS_pivot_root(0, 0);
    "chroot", SYS_chroot(0);
    "init_module", SYS_init_module(0, 0, 0);
    "finit_module", SYS_finit_module(NONE, 0, 0);
    "kexec_load", SYS_kexec_load(0, NONE, 0, NONE);
    "reboot", SYS_reboot(0, 0, 0, 0);
    "syslog", SYS_syslog(NONE, 0, 0);
    "settimeofday", SYS_settimeofday(1, 0);
    "ioctl of a terminal", SYS_ioctl(NONE, libc::TIOCSTI, 0);
    // Large and young parts of the kernel.
    "bpf", SYS_bpf(NONE, 0, 0);
    "perf_event_open", SYS_perf_event_open(0, 0, 0, 0, 0) => close;
    "io_uring_setup", SYS_io_uring_setup(0, 0) => close;
    "io_uring_enter", SYS_io_uring_enter(NONE, 0, 0, 0, 0, 0);
    "io_uring_register", SYS_io_uring_register(NONE, 0, 0, 0);
    "io_setup", SYS_io_setup(0, 0);
    "keyctl", SYS_keyctl(NONE);
    "add_key", SYS_add_key(0, 0, 0, 0, 0);
    "request_key", SYS_request_key(0, 0, 0, 0);
    "userfaultfd", SYS_userfaultfd(NONE) => close;
    "landlock_create_ruleset", SYS_landlock_create_ruleset(0, 0, 0) => close;
    "timer_create", SYS_timer_create(NONE, 0, 0);
};

/// Those of before there were others for the same.
#[cfg(target_arch = "x86_64")]
const OLD: &[Attempt] = attempts! {
    "open", SYS_open(text(c"/etc/passwd"), libc::O_RDONLY) => close;
    "creat", SYS_creat(text(c"/"), 0) => close;
    "stat", SYS_stat(text(c"/etc/passwd"), 0);
    "readlink", SYS_readlink(text(c"/proc/self/exe"), 0, 1);
    "unlink", SYS_unlink(0);
    "rename", SYS_rename(0, 0);
    "fork", SYS_fork() => end_child;
    "modify_ldt", SYS_modify_ldt(NONE, 0, 0);
    "ioperm", SYS_ioperm(NONE, 1, 1);
    "arch_prctl", SYS_arch_prctl(NONE, 0);
};
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[Attempt] = &[];

/// All of them.
pub fn all() -> impl Iterator<Item = &'static Attempt> {
    EVERYWHERE.iter().chain(OLD)
}
