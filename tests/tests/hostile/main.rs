//! Hostile files through the pool of a worker and its real renderers, walls up: each ends in files or in a failure with class,
//! code and sentence; no renderer dies of a signal or lies, none holds more memory than it is budgeted, and no file shows what
//! was metadata.
//!
//! Needs `minilab-renderer`, which `make build` puts beside these tests.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]
mod always;
mod corpus;
mod memory;
mod mutations;
mod ordeal;
mod table;
