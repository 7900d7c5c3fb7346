//! From errors to outcomes to dispositions: the one place where it is decided what becomes of a job.
//!
//! The table "Outcomes" of docs/SEMANTICS.md, row by row: [`Class::of`] is its first column, [`verdict()`] its last.
mod class;
mod verdict;

pub use class::Class;
pub use verdict::{Budget, GivenUp, Run, Verdict, verdict};
