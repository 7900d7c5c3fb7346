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
/// And has it keep what is freed for the next picture instead of asking the kernel for zeroed pages each time: 3 % of the CPU
/// of a ladder of JPEG and WebP, for 4 MB. To be called before there is a second thread. Other C libraries have one heap
/// anyway.
pub fn keep_one_heap() {
    #[cfg(target_env = "gnu")]
    {
        const M_ARENA_MAX: std::ffi::c_int = -8;
        const M_MMAP_THRESHOLD: std::ffi::c_int = -3;
        const M_TOP_PAD: std::ffi::c_int = -2;
        const M_TRIM_THRESHOLD: std::ffi::c_int = -1;
        const MIB: std::ffi::c_int = 1 << 20;
        // SAFETY: declared as in glibc's malloc.h.
        unsafe extern "C" {
            safe fn mallopt(parameter: std::ffi::c_int, value: std::ffi::c_int) -> std::ffi::c_int;
        }
        for (parameter, value) in [
            (M_ARENA_MAX, 1),
            // The most glibc takes; the rows and levels of a ladder are smaller.
            (M_MMAP_THRESHOLD, 32 * MIB),
            (M_TOP_PAD, 16 * MIB),
            (M_TRIM_THRESHOLD, 64 * MIB),
        ] {
            // What glibc refuses changes nothing.
            let _ = mallopt(parameter, value);
        }
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
