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

/// IANA's special-purpose registry.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b);
    let is_protocols = a == 192 && b == 0 && c == 0;
    // The old way out of 6to4: it leads to whoever announces it.
    let is_relay = a == 192 && b == 88 && c == 99;
    let is_benchmarking = a == 198 && (b == 18 || b == 19);
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || is_shared
        || is_protocols
        || is_relay
        || is_benchmarking
        || a == 0
        || a >= 240)
}

/// Of all addresses of the new kind only those under 2000::/3 are anybody's, and there some blocks are not: tunnels and
/// protocols (2001::/23), documentation (2001:db8::/32, 3fff::/20).
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    let is_unicast = first & 0xe000 == 0x2000;
    let is_protocols = first == 0x2001 && second < 0x200;
    let is_documentation = (first == 0x2001 && second == 0xdb8) || (first == 0x3fff && second < 0x1000);
    is_unicast && !is_protocols && !is_documentation
}

/// The address of the old kind that one of the new kind leads to: mapped, translated (RFC 6052) or tunnelled (6to4). What is
/// translated within one network (64:ff9b:1::/48) has no public address of its own.
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [first, second, third, fourth, fifth, sixth, high, low] = address.segments();
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Ipv4Addr::new(a, b, c, d)
    };
    match (first, second) {
        (0x2002, _) => Some(of(second, third)),
        (0x64, 0xff9b) if [third, fourth, fifth, sixth] == [0; 4] => Some(of(high, low)),
        _ => address.to_ipv4_mapped(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_addresses_are_told_from_public_ones() {
        let public = [
            "1.1.1.1",
            "93.184.215.14",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.0.1.1",
            "198.17.0.1",
            "223.255.255.254",
            "2606:2800:21f::1",
            "2001:200::1",
            "2a00::1",
            "64:ff9b::5db8:d70e",
            "2002:5db8:d70e::1",
            "::ffff:93.184.215.14",
        ];
        let private = [
            "127.0.0.1",
            "127.255.255.254",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.170.2",
            "100.64.0.1",
            "100.100.100.200",
            "100.127.255.255",
            "0.0.0.0",
            "0.1.2.3",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::7f00:1",
            "64:ff9b:1::5db8:d70e",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:a9fe:a9fe::",
            "2002:7f00:1::1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for (addresses, expected) in [(&public[..], true), (&private[..], false)] {
            for address in addresses {
                assert_eq!(Guard::PublicOnly.admits_literal(address), expected, "{address}");
                assert!(Guard::Anywhere.admits_literal(address));
            }
        }
        assert!(!Guard::PublicOnly.admits_literal("[::1]"));
    }

    /// A resolver takes these for addresses, so they are looked at when they are resolved.
    #[tokio::test]
    async fn this_machine_is_refused_however_it_is_spelled() {
        for spelled in [
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "127.1",
            "127.0.1",
            "0",
            "localhost.",
        ] {
            let name: Name = spelled.parse().expect("it is a name");
            // Some are no name for some resolvers: then they lead nowhere.
            let admitted = Resolver(Guard::PublicOnly).call(name).await;
            let leads_here = admitted.map(Iterator::collect::<Vec<_>>);
            assert!(leads_here.is_err(), "{spelled} leads to {leads_here:?}");
        }
    }

    #[tokio::test]
    async fn name_that_leads_to_this_machine_is_refused_after_it_is_resolved() {
        let name = || "localhost".parse::<Name>().expect("it is a name");
        assert!(Resolver(Guard::Anywhere).call(name()).await.is_ok());
        let refused = Resolver(Guard::PublicOnly).call(name()).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("allow_private")));
    }
}
