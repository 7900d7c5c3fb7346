//! What scenarios run against: real servers of their own, and a proxy that breaks the connection to them.
//! The scenarios themselves live in `tests/`.

pub mod proxy;
pub mod servers;
