//! Goldens: what minilab makes of originals, against what sharp made of them by the same operations.
//!
//! `tests/goldens/README.md` says what lies there and how references are made anew.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod case;
mod decoded;
mod distance;
mod faces;
mod lab;
mod ladder;
mod picture;
mod sharp;
mod sheet;
mod wrong;
