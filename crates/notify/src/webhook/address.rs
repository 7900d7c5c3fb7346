//! Which addresses may be spoken to. Looked at after the name was resolved: a name that somebody else owns may lead anywhere.
use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    task::{Context, Poll},
};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

/// Where a target may lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// The target says that it may lie in a private network.
    Anywhere,
    /// Only where everybody could reach it.
    PublicOnly,
}

/// Resolves names as the system does, and leaves out what the guard does not admit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resolver(pub Guard);

impl Guard {
    fn admits(self, address: IpAddr) -> bool {
        self == Self::Anywhere || is_public(address)
    }

    /// A host that is a name is looked at when it is resolved.
    pub fn admits_literal(self, host: &str) -> bool {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        host.parse().map_or(true, |address| self.admits(address))
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let guard = self.0;
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let admitted: Vec<_> = found
                .into_iter()
                .filter(|found| guard.admits(found.ip()))
                .collect();
            if admitted.is_empty() {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "its name leads into a private network only: write allow_private: true if it is meant",
                ));
            }
            Ok(admitted.into_iter())
        })
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => match embedded(address) {
            Some(address) => is_public_v4(address),
            None => is_public_v6(address),
        },
    }
}

/// IANA's special-purpose registry, less what no packet could be sent to anyway.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocols = a == 192 && b == 0 && c == 0;
    let is_benchmarking = a == 198 && (b == 18 || b == 19);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_protocols
        || is_benchmarking
        || a == 0
        || a >= 240)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    !(address.is_loopback()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_unique_local()
        || address.is_unicast_link_local())
}

/// The address of the old kind that one of the new kind leads to: mapped, translated (RFC 6052) or tunnelled (6to4).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, second, third, .., high, low] = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match (first, second) {
        (0x2002, _) => Some(of(second, third)),
        (0x64, 0xff9b) => Some(of(high, low)),
        _ => address.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let public = [
            "93.184.215.14",
            "100.128.0.1",
            "2606:2800:21f::1",
            "64:ff9b::5db8:d70e",
        ];
        let private = [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "fe80::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:169.254.169.254",
            "64:ff9b::a9fe:a9fe",
            "2002:a9fe:a9fe::",
        ];
        for (addresses, expected) in [(&public[..], true), (&private[..], false)] {
            for address in addresses {
                assert_eq!(Guard::PublicOnly.admits_literal(address), expected, "{address}");
                assert!(Guard::Anywhere.admits_literal(address));
            }
        }
        assert!(!Guard::PublicOnly.admits_literal("[::1]"));
    }

    #[tokio::test]
    async fn name_that_leads_to_this_machine_is_refused_after_it_is_resolved() {
        let name = || "localhost".parse::<Name>().expect("it is a name");
        assert!(Resolver(Guard::Anywhere).call(name()).await.is_ok());
        let refused = Resolver(Guard::PublicOnly).call(name()).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("allow_private")));
    }
}
