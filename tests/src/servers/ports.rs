//! Free ports of 127.0.0.1 for a server that is about to start.
//!
//! They lie below the range from which the kernel takes ports for outgoing connections: there, a connection could take the
//! port of a server that a test has killed and will restart. Two tests may still draw the same one at the same moment, so
//! whoever starts a server tries again with others ([`start`]).
use std::{
    hash::{BuildHasher as _, RandomState},
    net::{Ipv4Addr, TcpListener},
};

use anyhow::{Context as _, Result, bail};

const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;
const DRAWS_MAX: usize = 1000;
const STARTS_MAX: usize = 3;

/// What starts a server on ports that it draws itself, until it has worked once.
pub(super) fn start<T>(server: &str, once: impl Fn() -> Result<T>) -> Result<T> {
    let mut tried = once();
    for _ in 1..STARTS_MAX {
        tried = tried.or_else(|_| once());
    }
    tried.with_context(|| format!("no {server} for this test"))
}

/// That many ports nobody listens on now.
pub(super) fn free<const N: usize>() -> Result<[u16; N]> {
    let mut held = Vec::new();
    for _ in 0..DRAWS_MAX {
        // Bound until all are found, so that none is drawn twice.
        held.extend(TcpListener::bind((Ipv4Addr::LOCALHOST, drawn())));
        if held.len() == N {
            let mut ports = [0; N];
            for (port, listener) in ports.iter_mut().zip(&held) {
                *port = listener.local_addr()?.port();
            }
            return Ok(ports);
        }
    }
    bail!("127.0.0.1 has no {N} free ports from {FIRST} on")
}

fn drawn() -> u16 {
    let random = RandomState::new().hash_one(()) % u64::from(COUNT);
    FIRST + u16::try_from(random).expect("less than COUNT")
}
