//! The bucket adapter: the contract on a real SeaweedFS, and what it makes of answers that no healthy server gives.
#![cfg(feature = "s3")]

mod answers;
mod bodies;
mod contract;
mod requests;
mod scripted;
