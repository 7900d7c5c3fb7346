//! Deliveries in, derivatives out; owns the pool of renderer processes.
pub mod renderer;
