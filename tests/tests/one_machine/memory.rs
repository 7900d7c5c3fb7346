//! How much memory the program and its renderers held, read from `/proc` while they run.
use std::{collections::BTreeMap, fs, process::Child, time::Duration};

const BETWEEN_SAMPLES: Duration = Duration::from_millis(5);

/// Waits for the child; the sum, in bytes, of the highest `VmHWM` seen of each process of its tree. Pages that two processes
/// share count twice and the peaks need not coincide, so it is never less than the tree's true peak, but for a process that
/// was born and gone between two samples.
pub fn peak_of_tree(child: &mut Child) -> (i32, u64) {
    let mut peaks = BTreeMap::new();
    loop {
        sample(child.id(), &mut peaks);
        if let Some(status) = child.try_wait().unwrap() {
            return (status.code().expect("it was not killed"), peaks.values().sum());
        }
        std::thread::sleep(BETWEEN_SAMPLES);
    }
}

fn sample(root: u32, peaks: &mut BTreeMap<u32, u64>) {
    let mut tree = vec![root];
    while let Some(pid) = tree.pop() {
        // A process that is gone by now has nothing to say.
        if let Some(bytes) = high_water(pid) {
            let peak = peaks.entry(pid).or_default();
            *peak = bytes.max(*peak);
        }
        tree.extend(children(pid));
    }
}

fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// Each thread lists the children that it started.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|listed| {
            listed
                .split_whitespace()
                .filter_map(|child| child.parse().ok())
                .collect::<Vec<_>>()
        })
        .collect()
}
