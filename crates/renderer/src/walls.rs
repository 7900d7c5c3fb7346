//! The walls: what the kernel refuses this process whatever runs in it.
//!
//! None is up yet. A renderer that an original took over can open files and sockets with the rights of the worker's user;
//! what it lacks is the worker's environment, its descriptors and its memory.

/// The place of the walls in the order of starting: libvips has read its files and is warm, no byte of an original has
/// been seen. A filter of system calls on every thread goes here; a ruleset of Landlock binds only threads that start
/// after it, so it goes before libvips.
pub fn raise() {}
