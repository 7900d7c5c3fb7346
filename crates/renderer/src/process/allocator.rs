//! One heap for all threads, and a word when memory runs out: the worker tells that end from other crashes by the exit
//! status.
//!
//! The word covers what Rust code allocates. libvips reports what it cannot allocate as an error, which ends the process likewise;
//! only GLib aborts, and that looks like any other abort.
#![expect(
    unsafe_code,
    reason = "an allocator is an unsafe trait; one of the listed places"
)]
use std::alloc::{GlobalAlloc, Layout, System};

use minilab_protos::renderer::EXIT_OUT_OF_MEMORY;

/// Has glibc keep one heap instead of one for each thread, each with what its thread freed. libvips' threads of one image
/// take turns, so nobody waits for it: six AVIF widths of 20 Mpx peak at 125 instead of 160 to 190 MB in the same time.
/// To be called before there is a second thread. Other C libraries have one heap anyway.
pub fn keep_one_heap() {
    #[cfg(target_env = "gnu")]
    {
        const M_ARENA_MAX: std::ffi::c_int = -8;
        // SAFETY: declared as in glibc's malloc.h.
        unsafe extern "C" {
            safe fn mallopt(parameter: std::ffi::c_int, value: std::ffi::c_int) -> std::ffi::c_int;
        }
        // What glibc refuses changes nothing.
        let _ = mallopt(M_ARENA_MAX, 1);
    }
}

#[global_allocator]
static ALLOCATOR: ExitWithoutMemory = ExitWithoutMemory;

struct ExitWithoutMemory;

// SAFETY: passes every call on to the system's allocator and returns only what it returned.
unsafe impl GlobalAlloc for ExitWithoutMemory {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise, passed on.
        or_exit(unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        or_exit(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        or_exit(unsafe { System.realloc(block, layout, size) })
    }
}

fn or_exit(block: *mut u8) -> *mut u8 {
    if block.is_null() {
        std::process::exit(EXIT_OUT_OF_MEMORY);
    }
    block
}
