//! How much memory each child of this process holds, by the kernel's word, looked at again and again.
use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

const BETWEEN_LOOKS: Duration = Duration::from_millis(2);

/// Looks until it is dropped.
pub struct Watch {
    seen: Arc<Seen>,
    looking: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    over: AtomicBool,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    /// The most that each process ever held.
    peaks: BTreeMap<u32, u64>,
    /// The most that one held since somebody asked.
    lately: u64,
}

impl Watch {
    pub fn start() -> Self {
        let seen = Arc::new(Seen::default());
        let looks = Arc::clone(&seen);
        let looking = std::thread::spawn(move || {
            while !looks.over.load(Ordering::Relaxed) {
                looks.look();
                std::thread::sleep(BETWEEN_LOOKS);
            }
        });
        Self {
            seen,
            looking: Some(looking),
        }
    }

    /// The most that any child ever held, in bytes.
    pub fn peak_bytes(&self) -> u64 {
        self.seen
            .held
            .lock()
            .unwrap()
            .peaks
            .values()
            .max()
            .copied()
            .unwrap_or(0)
    }

    /// The most that any child held at a look since the last call.
    pub fn lately_bytes(&self) -> u64 {
        std::mem::take(&mut self.seen.held.lock().unwrap().lately)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.seen.over.store(true, Ordering::Relaxed);
        if let Some(looking) = self.looking.take() {
            looking.join().unwrap();
        }
    }
}

impl Seen {
    fn look(&self) {
        for pid in children() {
            // One that is gone by now has nothing to say.
            let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else {
                continue;
            };
            let (Some(peak), Some(now)) = (field(&status, "VmHWM:"), field(&status, "VmRSS:")) else {
                continue;
            };
            let mut held = self.held.lock().unwrap();
            let known = held.peaks.entry(pid).or_default();
            *known = peak.max(*known);
            held.lately = held.lately.max(now);
        }
    }
}

fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

/// Each thread lists the children that it started.
fn children() -> Vec<u32> {
    let Ok(threads) = fs::read_dir("/proc/self/task") else {
        return Vec::new();
    };
    let listed = threads.filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok());
    listed
        .flat_map(|list| {
            list.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}
