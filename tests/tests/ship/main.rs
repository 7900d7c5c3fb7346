//! What is shipped: the image, built and run; the Containerfile and the workflows, linted; the chart, through a registry and back.
#![expect(clippy::unwrap_used, reason = "support code of tests is test code")]

mod files;
mod image;
mod registry;
mod unpacked;
