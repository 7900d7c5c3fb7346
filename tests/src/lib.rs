//! Scenarios against the composed program live in `tests/`; this crate has no code of its own to link.
