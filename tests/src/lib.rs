//! What scenarios run against: real servers of their own, a proxy that breaks the connection to them, and hostile files.
//! The scenarios themselves live in `tests/`.

pub mod hostile;
pub mod proxy;
pub mod servers;
