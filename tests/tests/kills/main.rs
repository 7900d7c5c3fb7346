//! The real program is killed with SIGKILL, at every step of an attempt and at random, and ends as if it had not been.
//!
//! Needs a program with fail points, as `make build` makes it.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod census;
mod moments;
mod orphans;
mod photos;
mod process;
mod round;
mod steps;
mod world;
