//! The worker against memory stores, a memory queue and a scripted renderer.
mod events;
mod failures;
mod faults;
mod lanes;
mod life;
mod storm;
mod weather;
mod world;
