//! Scenarios of one machine: the real program and its renderer, a folder of real photos, and everything that happens to it.
//!
//! The program runs until it is idle, so nothing here polls or waits for a clock.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod bad_files;
mod crops;
mod folder;
mod memory;
mod two_hundred;
mod world;
