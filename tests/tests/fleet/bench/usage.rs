//! What the kernel has counted of a process and its children.
use std::{
    collections::{HashMap, HashSet},
    fs,
    time::Duration,
};

use crate::process::Process;

/// What /proc counts CPU time in: 100 Hz on every Linux there is.
const TICK: Duration = Duration::from_millis(10);

/// CPU time so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cpu {
    /// Of the process itself.
    pub own: Duration,
    /// Of its descendants.
    pub children: Duration,
}

impl Cpu {
    pub fn of(process: &Process) -> Self {
        let root = process.pid().as_raw_nonzero().get().unsigned_abs();
        let all = processes();
        let mut tree = HashSet::from([root]);
        loop {
            let children = all
                .iter()
                .filter(|(_, of)| tree.contains(&of.parent))
                .map(|(pid, _)| *pid);
            let whole: HashSet<u32> = children.chain(tree.iter().copied()).collect();
            if whole.len() == tree.len() {
                break;
            }
            tree = whole;
        }
        let mut cpu = Self::default();
        for (pid, of) in all.iter().filter(|(pid, _)| tree.contains(pid)) {
            cpu.own += if *pid == root { of.own } else { Duration::ZERO };
            // What it waited for has ended, and was a child.
            cpu.children += if *pid == root {
                of.waited_for
            } else {
                of.own + of.waited_for
            };
        }
        cpu
    }

    pub fn since(self, before: Self) -> Self {
        Self {
            own: self.own.saturating_sub(before.own),
            children: self.children.saturating_sub(before.children),
        }
    }

    pub fn total(self) -> Duration {
        self.own + self.children
    }
}

struct Counted {
    parent: u32,
    own: Duration,
    waited_for: Duration,
}

fn processes() -> HashMap<u32, Counted> {
    let entries = fs::read_dir("/proc").unwrap();
    let counted = entries.filter_map(|entry| {
        let pid: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before may hold anything.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = |at: usize| fields.get(at)?.parse::<u32>().ok();
        let time = |at: usize| Some(TICK * (ticks(at)? + ticks(at + 1)?));
        let counted = Counted {
            parent: ticks(1)?,
            own: time(11)?,
            waited_for: time(13)?,
        };
        Some((pid, counted))
    });
    counted.collect()
}

/// The most memory it ever had.
pub fn peak_mb(process: &Process) -> f64 {
    let pid = process.pid().as_raw_nonzero();
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kib: f64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kib / 1024.0
}
