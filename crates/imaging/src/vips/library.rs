//! libvips as a whole: start, version, which operations may run.
use std::ffi::CStr;

use libvips::bindings as ffi;

use super::Fault;

/// How libvips runs in this process.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Start {
    /// Threads per evaluation.
    pub(crate) concurrency: u16,
}

/// Initialises libvips; later calls only change the number of threads.
pub(crate) fn start(start: Start) -> Result<(), Fault> {
    libvips::Vips::init("minilab-renderer").map_err(|_| Fault::take())?;
    libvips::Vips::concurrency_set(i32::from(start.concurrency));
    // Each operation runs once per original: a cache would only hold pixels alive.
    libvips::Vips::cache_set_max(0);
    libvips::Vips::cache_set_max_mem(0);
    libvips::Vips::cache_set_max_files(0);
    // SAFETY: libvips is initialised; the call sets a flag on operation classes.
    unsafe { ffi::vips_block_untrusted_set(1) };
    Ok(())
}

/// Blocks an operation class and all below it, or allows it again.
pub(crate) fn block_operation(class: &CStr, blocked: bool) {
    // SAFETY: libvips is initialised; an unknown class name is ignored by it.
    unsafe { ffi::vips_operation_block_set(class.as_ptr(), blocked.into()) };
}

/// Major and minor version of the library that was loaded, which need not be the one that was linked.
pub(crate) fn version() -> (i32, i32) {
    // SAFETY: plain reads of constants.
    unsafe { (ffi::vips_version(0), ffi::vips_version(1)) }
}

/// Its full version.
pub(crate) fn version_text() -> String {
    libvips::Vips::version_string().unwrap_or_else(|_| "unknown".into())
}
