//! Deliveries in, derivatives out; owns the pool of renderer processes.
pub mod pool;
pub mod renderer;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
