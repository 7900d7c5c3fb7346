//! The walls: what the kernel refuses this process whatever runs in it.
//!
//! They go up in two steps around the start of libvips. What binds only the calling thread and those that it starts
//! ([`first`]) goes before libvips has threads; the filter of system calls ([`last`]) binds all of them at once, after
//! libvips has read its files and warmed its codecs. No byte of an original is seen before both.
//!
//! [`Wall::Privileges`] and [`Wall::Calls`] are needed. [`Wall::Files`] stands behind them, as far as the kernel knows it.
pub mod attempts;
mod calls;
mod files;
mod privileges;
pub mod trial;

use std::fmt;

use crate::process::muster::Muster;

/// A wall by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wall {
    /// No capabilities, and none to be had (`no_new_privs`).
    Privileges,
    /// Landlock: no file, no port, no signal to others.
    Files,
    /// Seccomp: only the system calls that decoding and encoding need.
    Calls,
}

impl Wall {
    /// As logs and metrics call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Privileges => "no_new_privs",
            Self::Files => "landlock",
            Self::Calls => "seccomp",
        }
    }

    /// May no renderer do without it where the sandbox is required?
    pub fn is_needed(self) -> bool {
        self != Self::Files
    }
}

/// A wall that is not there, or not whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Which.
    pub wall: Wall,
    /// Why, for people.
    pub cause: String,
}

impl Gap {
    fn new(wall: Wall, cause: impl fmt::Display) -> Self {
        Self {
            wall,
            cause: cause.to_string(),
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.wall.name(), self.cause)
    }
}

/// What binds threads that start later. To be called while there is one.
pub fn first() -> Vec<Gap> {
    // Landlock needs `no_new_privs`, or a privilege that is gone by then.
    let privileges = privileges::drop_all().map_err(|cause| Gap::new(Wall::Privileges, cause));
    let files = files::but_a_few().map_err(|cause| Gap::new(Wall::Files, cause));
    [privileges, files].into_iter().filter_map(Result::err).collect()
}

/// What binds all threads, or this one to the end. After it nothing can be opened any more.
pub fn last(muster: &Muster) -> Vec<Gap> {
    let files = files::none().map_err(|cause| Gap::new(Wall::Files, cause));
    let calls = calls::filter(muster.descriptor()).map_err(|cause| Gap::new(Wall::Calls, cause));
    [files, calls].into_iter().filter_map(Result::err).collect()
}
