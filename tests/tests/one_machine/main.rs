//! Scenarios of one machine: the real program and its renderer, a folder of real photos, and everything that happens to it.
//!
//! The program mostly runs until it is idle; `running` asks one that goes on how it is.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod bad_files;
mod content;
mod crops;
mod folder;
mod forty;
mod memory;
mod notifications;
mod outages;
mod running;
mod two_hundred;
mod world;
