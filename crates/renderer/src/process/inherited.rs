//! Descriptors that the worker got from its own parent without a close-on-exec flag, and so passed on unknowingly.
#![expect(
    unsafe_code,
    reason = "closes descriptors that nothing in this process knows of"
)]
use std::fs;
use std::os::fd::RawFd;

/// Closes all but the standard three. Must be the first thing that the process does. Best effort, since it needs `/proc`:
/// tidiness, not a wall.
pub fn close() {
    let Ok(open) = fs::read_dir("/proc/self/fd") else {
        return;
    };
    let number = |name: std::ffi::OsString| name.to_str()?.parse::<RawFd>().ok();
    let strangers: Vec<RawFd> = open
        .flatten()
        .filter_map(|entry| number(entry.file_name()))
        .filter(|descriptor| *descriptor > 2)
        .collect();
    for stranger in strangers {
        // The folder's own is in the list and closed by now.
        if fs::symlink_metadata(format!("/proc/self/fd/{stranger}")).is_ok() {
            // SAFETY: it is open, and nothing in this process owns a descriptor beyond the standard three yet.
            unsafe { rustix::io::close(stranger) };
        }
    }
}
