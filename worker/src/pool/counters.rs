//! What the pool has done since it started, for metrics and tests.
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::renderer::CrashKind;

/// A reading of the pool's counters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Renderers that became warm.
    pub started: u64,
    /// Renderers ended in good order, to be replaced.
    pub recycled: u64,
    /// Renderers ended because nobody waited for their answer any more.
    pub abandoned: u64,
    /// Renderers lost, by how.
    pub crashes: Crashes,
    /// Originals decoded.
    pub decodes: u64,
    /// Files made.
    pub files: u64,
}

/// Renderers lost, by [`CrashKind`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Crashes {
    /// Died of a signal.
    pub signal: u64,
    /// Ended by themselves.
    pub exit: u64,
    /// Killed at a deadline.
    pub deadline: u64,
    /// Ran into the memory limit.
    pub memory: u64,
    /// Broke the protocol.
    pub protocol: u64,
}

/// The counters themselves.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) started: AtomicU64,
    pub(super) recycled: AtomicU64,
    pub(super) abandoned: AtomicU64,
    pub(super) decodes: AtomicU64,
    pub(super) files: AtomicU64,
    signal: AtomicU64,
    exit: AtomicU64,
    deadline: AtomicU64,
    memory: AtomicU64,
    protocol: AtomicU64,
}

impl Tally {
    pub(super) fn lost(&self, how: CrashKind) {
        let counter = match how {
            CrashKind::Signal(_) => &self.signal,
            CrashKind::Exit(_) => &self.exit,
            CrashKind::Deadline => &self.deadline,
            CrashKind::Memory => &self.memory,
            CrashKind::Protocol => &self.protocol,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> Counters {
        let crashes = Crashes {
            signal: self.signal.load(Relaxed),
            exit: self.exit.load(Relaxed),
            deadline: self.deadline.load(Relaxed),
            memory: self.memory.load(Relaxed),
            protocol: self.protocol.load(Relaxed),
        };
        Counters {
            started: self.started.load(Relaxed),
            recycled: self.recycled.load(Relaxed),
            abandoned: self.abandoned.load(Relaxed),
            crashes,
            decodes: self.decodes.load(Relaxed),
            files: self.files.load(Relaxed),
        }
    }
}
