//! The chart and what lies in it: rendered by both Helms, held against schemas, its rules and dashboards asked by promtool.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod alerts;
mod cloudformation;
mod configuration;
mod contradictions;
mod dashboards;
mod generated;
mod notes;
mod properties;
mod queries;
mod refusals;
mod rendered;
mod renders;
mod scaling;
mod tools;
