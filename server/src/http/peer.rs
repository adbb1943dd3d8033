//! Where a request came from: the connection's address, or the one a trusted proxy names.

use std::net::{IpAddr, SocketAddr};

use axum::http::HeaderMap;
use ipnet::IpNet;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Peer {
    /// The sender's address. Each proxy appends the address it was called from, so the list is read
    /// from its end for as long as trusted proxies wrote it; what stands before that, anyone could
    /// have written.
    pub(super) fn client_ip(self, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
        let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(&ip));
        let mut ip = self.0.ip().to_canonical();
        let lists = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
        for named in lists.flat_map(|list| list.rsplit(',')) {
            if !is_trusted(ip) {
                break;
            }
            let Ok(named) = named.trim().parse::<IpAddr>() else { break };
            ip = named.to_canonical();
        }
        ip
    }

    /// Whether the request was made on this machine. One that a proxy here passed on was not, and proxies
    /// say so by a header.
    pub(super) fn is_this_machine(self, headers: &HeaderMap) -> bool {
        let passed_on = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];
        self.0.ip().to_canonical().is_loopback() && !passed_on.iter().any(|name| headers.contains_key(*name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_proxy_passed_on_comes_from_elsewhere() {
        let peer = |ip: &str| Peer(SocketAddr::new(ip.parse().unwrap(), 1));
        let mut headers = HeaderMap::new();
        assert!(peer("127.0.0.1").is_this_machine(&headers));
        assert!(peer("::ffff:127.0.0.1").is_this_machine(&headers));
        assert!(!peer("10.0.0.1").is_this_machine(&headers));
        headers.insert("x-forwarded-for", "198.51.100.1".parse().unwrap());
        assert!(!peer("127.0.0.1").is_this_machine(&headers));
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let ip = |peer: &str, forwarded: &[&str], trusted: &[&str]| {
            let mut headers = HeaderMap::new();
            for list in forwarded {
                headers.append("x-forwarded-for", list.parse().unwrap());
            }
            let trusted: Vec<IpNet> = trusted.iter().map(|network| network.parse().unwrap()).collect();
            Peer(SocketAddr::new(peer.parse().unwrap(), 1)).client_ip(&headers, &trusted).to_string()
        };
        assert_eq!(ip("10.0.0.1", &["198.51.100.1"], &[]), "10.0.0.1");
        assert_eq!(ip("10.0.0.1", &["198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(ip("10.0.0.1", &["1.1.1.1, 198.51.100.1, 10.0.0.2"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(ip("10.0.0.1", &["1.1.1.1", "198.51.100.1"], &["10.0.0.0/8"]), "198.51.100.1");
        assert_eq!(ip("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
        assert_eq!(ip("10.0.0.1", &["nonsense"], &["10.0.0.0/8"]), "10.0.0.1");
    }
}
