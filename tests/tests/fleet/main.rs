//! The fleet as operators run it: real servers, real processes, and what may go wrong with them.
//!
//! Needs the servers of `make deps-test`, the pictures of `make photos` and the programs of `make build`.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod aws;
mod backlog;
mod bench;
mod broker;
mod canary;
mod collector;
mod comparison;
mod credentials;
mod descriptors;
#[path = "../simulator/dice.rs"]
mod dice;
mod doctor;
mod drain;
mod duplicates;
mod events;
mod fairness;
mod grpc;
mod hostile;
mod http;
mod jobs;
mod ledger;
mod lines;
mod outages;
mod oversized;
mod panels;
mod passes;
mod paths;
mod pictures;
mod poison;
mod policy;
mod process;
mod reader;
mod restart;
mod rolling;
mod scaling;
mod second_broker;
mod secrets;
mod series;
mod setup;
mod storm;
mod telling;
mod traces;
mod uploads;
mod watched;
mod world;
