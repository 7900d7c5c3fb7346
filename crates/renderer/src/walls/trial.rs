//! The trial: every attempt, from every thread, once the walls are up. All must be refused.
//!
//! It is made at every start, because what holds on one kernel, in one container, need not hold in the next.
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};

use super::attempts::{self, Attempt};
use crate::process::muster::Muster;

/// More than there are attempts.
const PLACES: usize = 192;
/// Threads that an attempt got through from.
static THROUGH: [AtomicU32; PLACES] = [const { AtomicU32::new(0) }; PLACES];
/// What the kernel answered last: the number of an error.
static ANSWERS: [AtomicI32; PLACES] = [const { AtomicI32::new(0) }; PLACES];

/// What it came to.
#[derive(Debug)]
pub struct Verdict {
    /// Threads of this process.
    pub threads: usize,
    /// Each attempt, in the order in which they are made.
    pub rows: Vec<Row>,
}

/// What one attempt came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The attempt.
    pub name: &'static str,
    /// Threads that it got through from.
    pub through: u32,
    /// The last answer, as the kernel says it.
    pub answer: i32,
}

/// Makes every attempt from every thread.
pub fn hold(muster: &Muster) -> io::Result<Verdict> {
    for count in &THROUGH {
        count.store(0, Relaxed);
    }
    let threads = muster.each(attempt_all)?;
    Ok(Verdict {
        threads,
        rows: rows(),
    })
}

fn rows() -> Vec<Row> {
    let read = |(place, attempt): (usize, &Attempt)| Row {
        name: attempt.name,
        through: THROUGH[place].load(Relaxed),
        answer: ANSWERS[place].load(Relaxed),
    };
    attempts::all().enumerate().map(read).collect()
}

/// On one thread. Nothing but system calls and atomics: it runs in a signal handler.
fn attempt_all() {
    for (place, attempt) in attempts::all().enumerate() {
        let answer = attempt.make();
        ANSWERS[place].store(answer, Relaxed);
        if !is_refusal(answer) {
            THROUGH[place].fetch_add(1, Relaxed);
        }
    }
}

/// Refused by the filter, by Landlock, or unknown: then it never came to what was asked. Any other error is an answer to the
/// question, and other arguments would get a better one.
fn is_refusal(answer: i32) -> bool {
    matches!(answer, libc::EPERM | libc::EACCES | libc::ENOSYS)
}

impl Verdict {
    /// What got through, if anything.
    pub fn holes(&self) -> Vec<&'static str> {
        let holes = self.rows.iter().filter(|row| row.through > 0);
        holes.map(|row| row.name).collect()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Row {
            name,
            through,
            answer,
        } in &self.rows
        {
            let said = match answer {
                0 => "granted".to_owned(),
                error => io::Error::from_raw_os_error(*error).to_string(),
            };
            let verdict = if *through == 0 { "refused" } else { "THROUGH" };
            writeln!(f, "{verdict}  {name:<36}{said}")?;
        }
        let (made, holes) = (self.rows.len(), self.holes().len());
        write!(
            f,
            "{made} attempts from each of {} threads: {} refused, {holes} got through",
            self.threads,
            made - holes
        )
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::os::fd::AsFd as _;
    use std::thread;

    use libc::c_long;

    use super::super::calls::{self, Allowed};
    use super::*;

    /// On a thread of its own, behind this filter: names of what got through. The counters are those of the whole process,
    /// so nothing here touches them.
    fn through(allowed: Option<Allowed>) -> BTreeSet<&'static str> {
        thread::spawn(move || {
            for program in allowed
                .into_iter()
                .flat_map(|allowed| calls::programs(allowed).unwrap())
            {
                seccompiler::apply_filter(&program).unwrap();
            }
            let through = attempts::all().filter(|attempt| !is_refusal(attempt.make()));
            through.map(|attempt| attempt.name).collect()
        })
        .join()
        .unwrap()
    }

    fn allowed() -> Allowed {
        calls::allowed(std::io::stdin().as_fd()).unwrap()
    }

    #[test]
    fn behind_the_filter_nothing_gets_through() {
        assert_eq!(through(Some(allowed())), BTreeSet::new());
        let names: BTreeSet<_> = attempts::all().map(|attempt| attempt.name).collect();
        assert_eq!(names.len(), attempts::all().count(), "each has a name of its own");
        assert!((40..=PLACES).contains(&names.len()), "{}", names.len());
    }

    #[test]
    fn without_a_filter_the_trial_finds_nearly_all() {
        // What needs a privilege is refused to most users, sandbox or not.
        let (found, all) = (through(None), attempts::all().count());
        assert!(found.len() * 10 > all * 7, "{} of {all}: {found:?}", found.len());
        for plain in [
            "openat",
            "socket of TCP",
            "execve",
            "ptrace the parent",
            "kill the parent",
        ] {
            assert!(found.contains(plain), "{plain}");
        }
    }

    #[test]
    fn a_single_call_that_the_filter_forgets_is_found() {
        let holes: [(c_long, &[&str]); 5] = [
            (libc::SYS_openat, &["openat", "openat for writing"]),
            (libc::SYS_connect, &["connect"]),
            (libc::SYS_pidfd_getfd, &["pidfd_getfd"]),
            (libc::SYS_unshare, &["unshare"]),
            (libc::SYS_clone, &["clone of a process", "clone into a namespace"]),
        ];
        for (call, names) in holes {
            let mut forgetful = allowed();
            forgetful.insert(call, Vec::new());
            assert_eq!(through(Some(forgetful)), names.iter().copied().collect());
        }
    }
}
