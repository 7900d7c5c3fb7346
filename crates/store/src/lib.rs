//! Objects by key: the port, its adapters and the conformance suite that every adapter runs.
//!
//! This crate knows no image, job or recipe. The protocol above it needs exactly what [`Store`] says:
//! atomic whole-object writes, conditional `put`, reads that name the version they answer for, and
//! listings in key order.
mod error;
mod key;
mod port;

pub use error::Error;
pub use key::{InvalidKey, Key};
pub use port::{
    ByteStream, Condition, ETag, GetOptions, Head, ListRequest, Listed, Object, Page, PutOptions, Sha256, Store,
};
