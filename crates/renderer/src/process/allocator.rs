//! Says so when memory runs out: the worker tells that end from other crashes by the exit status.
//!
//! Covers what Rust code allocates. libvips reports what it cannot allocate as an error, which ends the process likewise;
//! only GLib aborts, and that looks like any other abort.
#![expect(
    unsafe_code,
    reason = "an allocator is an unsafe trait; one of the listed places"
)]
use std::alloc::{GlobalAlloc, Layout, System};

use minilab_protos::renderer::EXIT_OUT_OF_MEMORY;

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
