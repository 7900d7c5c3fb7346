//! What makes one version of a file differ from another: size, times, inode.
use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rustix::fs::{Stat, Timespec, Timestamps};

use crate::ETag;

const NANOSECONDS: i64 = 1_000_000_000;

/// The version of a file.
///
/// Inode and change time see a file renamed over this one and one rewritten in place with its old time restored. The
/// kernel's clock may tick only every few milliseconds, so a file rewritten in place twice within a tick, to the same
/// size, is one version; our own writes never are, because [`stamp`] gives each a time of its own.
pub(super) fn etag(stat: &Stat) -> ETag {
    let changed = nanoseconds(stat.st_ctime, stat.st_ctime_nsec as i64);
    ETag(format!(
        "{:x}-{:x}-{:x}-{changed:x}",
        stat.st_ino,
        stat.st_size,
        modified_ns(stat)
    ))
}

/// Time of the last write to the body.
pub(super) fn modified_ns(stat: &Stat) -> i64 {
    nanoseconds(stat.st_mtime, stat.st_mtime_nsec as i64)
}

/// The same as a point in time.
pub(super) fn modified(stat: &Stat) -> SystemTime {
    let ns = modified_ns(stat);
    let distance = Duration::from_nanos(ns.unsigned_abs());
    if ns < 0 {
        UNIX_EPOCH - distance
    } else {
        UNIX_EPOCH + distance
    }
}

/// May bytes read between these two looks at one open file be of two versions?
///
/// A put that replaces the file takes its name away, which changes the link count and the change time (not in one
/// step), but not the bytes that the open file still reads.
pub(super) fn torn(before: &Stat, after: &Stat) -> bool {
    let body = |stat: &Stat| (stat.st_size, modified_ns(stat));
    let changed = |stat: &Stat| (stat.st_ctime, stat.st_ctime_nsec);
    let unnamed = after.st_nlink == 0 || after.st_nlink != before.st_nlink;
    body(before) != body(after) || (changed(before) != changed(after) && !unnamed)
}

/// A time for a file about to be written: now, to the nanosecond, and never the same twice in this process.
///
/// Left to the kernel's ticks, three quick writes could give the third the inode, size and times of the first.
pub(super) fn stamp() -> Timestamps {
    static LAST_NS: AtomicI64 = AtomicI64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_nanos() as i64;
    let next = |last: i64| now.max(last + 1);
    let last = LAST_NS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(next(last)));
    let ns = next(last.expect("the update never declines"));
    let time = Timespec {
        tv_sec: ns / NANOSECONDS,
        tv_nsec: ns % NANOSECONDS,
    };
    Timestamps {
        last_access: time,
        last_modification: time,
    }
}

/// Saturates 292 years from the epoch, where times are wrong anyway.
fn nanoseconds(seconds: i64, rest: i64) -> i64 {
    seconds.saturating_mul(NANOSECONDS).saturating_add(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_writes_share_a_time() {
        let ns = |stamp: Timestamps| (stamp.last_modification.tv_sec, stamp.last_modification.tv_nsec);
        let stamps: std::collections::BTreeSet<_> = (0..10_000).map(|_| ns(stamp())).collect();
        assert_eq!(stamps.len(), 10_000);
    }
}
