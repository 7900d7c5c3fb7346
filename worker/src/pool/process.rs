//! What the kernel says of a renderer, which nothing in it can change.
use std::fs;
use std::time::Duration;

/// The kernel counts CPU time for `/proc` in hundredths of a second, whatever its own ticks are.
pub(super) const TICK: Duration = Duration::from_millis(10);
/// Fields of `/proc/<pid>/stat` after the name: `utime`, and `stime` after it.
const USER_TIME: usize = 11;

/// CPU time that a process has used.
pub(super) fn used(pid: u32) -> Option<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before may hold anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(USER_TIME);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}

/// Memory that it holds now. Zero where the kernel does not tell.
pub(super) fn resident_bytes(pid: u32) -> u64 {
    let resident = || {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        // The name in it may hold anything but a line's end.
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
        Some(kibibytes << 10)
    };
    resident().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_and_time_are_those_of_the_process() {
        let own = std::process::id();
        assert!(resident_bytes(own) > 1 << 20);
        assert!(used(own).is_some());
        assert_eq!((resident_bytes(u32::MAX), used(u32::MAX)), (0, None));
    }
}
