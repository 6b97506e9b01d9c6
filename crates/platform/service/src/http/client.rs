//! Where a request comes from, when there may be proxies on the way.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv6Net};

use super::Request;

/// The proxies that are believed when they say for whom they ask.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Those in these networks: `10.40.0.0/16`, or single addresses.
    ///
    /// # Errors
    /// The text that is neither.
    pub fn new(networks: &[String]) -> Result<Self, String> {
        let network = |text: &String| {
            let address = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse::<IpNet>()
                .or_else(|_| address())
                .map_err(|_| format!("{text:?} is neither a network (10.40.0.0/16) nor an address"))
        };
        networks.iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// The address of the client: of whoever connected, or, if that is a proxy of ours, the last one in `X-Forwarded-For` that
    /// is none. What stands before it in that header anybody can have written.
    pub fn client(&self, request: &Request) -> Option<IpAddr> {
        let peer = plain(request.peer?.ip());
        if !self.has(peer) {
            return Some(peer);
        }
        let lines = request.headers.get_all("x-forwarded-for").into_iter();
        let named: Vec<&str> =
            lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
        let mut client = peer;
        for name in named.iter().rev() {
            let Ok(address) = name.trim().parse() else { break };
            client = plain(address);
            if !self.has(client) {
                break;
            }
        }
        Some(client)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// An IPv4 address that came in over an IPv6 socket is one.
fn plain(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// The network that one subscriber has: the address with IPv4, the first 56 bits with IPv6 (RFC 6177), since whoever has one
/// address there has them all.
pub fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            Ipv6Net::new(address, 56).map_or_else(|_| address.to_string(), |net| net.trunc().to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let proxies = Proxies::new(&["10.40.0.0/16".into(), "::1".into()]).unwrap();
        let mut request = Request::new(Method::GET, "/".parse().unwrap());
        request.peer = Some(peer.parse().unwrap());
        for line in forwarded {
            request.headers.append("x-forwarded-for", line.parse().unwrap());
        }
        proxies.client(&request).unwrap().to_string()
    }

    #[test]
    fn only_our_own_proxies_are_believed_and_only_what_they_wrote() {
        assert_eq!(client("198.51.100.7:1", &[]), "198.51.100.7");
        assert_eq!(client("198.51.100.7:1", &["203.0.113.9"]), "198.51.100.7", "a stranger's word");
        assert_eq!(client("10.40.1.1:1", &["203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("10.40.1.1:1", &["1.2.3.4, 203.0.113.9"]), "203.0.113.9", "the client's own word");
        assert_eq!(client("10.40.1.1:1", &["1.2.3.4", "203.0.113.9, 10.40.7.7"]), "203.0.113.9");
        assert_eq!(client("10.40.1.1:1", &["nonsense"]), "10.40.1.1");
        assert_eq!(client("10.40.1.1:1", &["nonsense, 203.0.113.9"]), "203.0.113.9");
        assert_eq!(client("[::1]:1", &["2001:db8::7"]), "2001:db8::7");
        assert_eq!(client("[::ffff:10.40.1.1]:1", &["::ffff:203.0.113.9"]), "203.0.113.9");
        assert!(Proxies::new(&["example.org".into()]).unwrap_err().contains("example.org"));
    }

    #[test]
    fn a_subscriber_with_ipv6_is_one_network() {
        let network = |address: &str| network(address.parse().unwrap());
        assert_eq!(network("2001:db8:1:2a7f::1"), network("2001:db8:1:2a00:ffff::"));
        assert_ne!(network("2001:db8:1:2a7f::1"), network("2001:db8:1:2b00::1"));
        assert_ne!(network("203.0.113.9"), network("203.0.113.10"));
    }
}
