//! The real binary, as a shell runs it.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod check;
mod codes;
mod dead;
mod doctor;
mod health;
mod making;
mod roles;
mod secrets;
mod world;
