//! A proxy on 127.0.0.1 that a test puts before a broker or a store and tells to break.
//!
//! [`Link`] knows bytes only: connections that are refused, reset, cut, slow or silent. [`HttpProxy`] knows requests as well:
//! it answers some itself, and keeps answers back after the server has done what was asked. [`Gate`] asks a test what
//! becomes of each. Every fault that has met
//! something is counted: a test that asks for a fault and does not see it counted has tested nothing.
mod acceptor;
mod framing;
mod gate;
mod http;
mod link;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

pub use self::{
    framing::Request,
    gate::{Gate, Reply, Verdict},
    http::{HttpFault, HttpProxy, S3Error},
    link::{Condition, Link, Side},
};

/// A kind of fault that met something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// A connection was reset after the bytes it was given.
    Reset,
    /// An answer was kept back and its connection reset.
    Swallowed,
    /// An open connection was reset by [`Link::cut`].
    Cut,
    /// A new connection was reset at once.
    Refused,
    /// Bytes were passed on late.
    Delayed,
    /// Bytes were passed on slowly.
    Trickled,
    /// A connection or bytes met the black hole.
    Withheld,
    /// A request was answered by the proxy; the server did not see it.
    Answered(S3Error),
}

/// How often which fault met something; shared by all connections of a proxy.
#[derive(Debug, Clone, Default)]
struct Hits(Arc<Mutex<BTreeMap<Fault, u64>>>);

impl Hits {
    fn count(&self, fault: Fault) {
        *self.0.lock().expect("no panic").entry(fault).or_default() += 1;
    }

    fn of(&self, fault: Fault) -> u64 {
        let hits = self.0.lock().expect("no panic");
        hits.get(&fault).copied().unwrap_or_default()
    }
}
