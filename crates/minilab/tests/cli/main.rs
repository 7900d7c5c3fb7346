//! The real binary, as a shell runs it.
mod check;
mod codes;
mod making;
mod world;
