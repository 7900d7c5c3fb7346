//! Objects by key: the port, its adapters and the conformance suite that every adapter runs.
//!
//! This crate knows no image, job or recipe. The protocol above it needs exactly what [`Store`] says:
//! atomic whole-object writes, conditional `put`, reads that name the version they answer for, and
//! listings in key order.
#[cfg(feature = "testing")]
pub mod conformance;
mod error;
mod ext;
#[cfg(feature = "testing")]
mod faulty;
mod fs;
mod key;
mod memory;
mod port;
mod probe;
#[cfg(feature = "s3")]
pub mod s3;

pub use error::Error;
pub use ext::StoreExt;
#[cfg(feature = "testing")]
pub use faulty::{Calls, Fault, Faulty, Operation, Stall};
pub use fs::{Fs, Layout, RESERVED_FOLDER};
pub use key::{InvalidKey, Key};
pub use memory::Memory;
pub use port::{
    Again, ByteStream, Condition, ETag, GetOptions, Head, ListRequest, Listed, Object, Page, PutOptions,
    Sha256, Store,
};
pub use probe::probe_conditional_put;
#[cfg(feature = "s3")]
pub use s3::{S3, S3Config, S3Credentials};
