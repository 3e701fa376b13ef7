//! [`NoProxy`]: the hosts that the environment excludes from its proxy.

use std::net::IpAddr;

/// The list in `NO_PROXY`, read as curl reads it, with the two additions that other programs allow: `*.`
/// before a domain and brackets around an IPv6 address.
#[derive(Debug)]
pub(super) struct NoProxy(Vec<Entry>);

#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Everything,
    /// A name without its leading dot; it covers all subdomains too.
    Domain(String),
    /// The addresses that share the first bits; a single address shares all of them.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Reads entries with commas between them. An invalid entry is ignored.
    pub(super) fn parse(list: &str) -> Self {
        Self(list.split(',').filter_map(|entry| Entry::parse(entry.trim())).collect())
    }

    /// Whether it excludes `host`, which may be an IPv6 address in brackets.
    pub(super) fn contains(&self, host: &str) -> bool {
        let address = without_brackets(host).parse().ok();
        self.0.iter().any(|entry| entry.contains(host, address))
    }
}

impl Entry {
    fn parse(entry: &str) -> Option<Self> {
        if entry == "*" {
            return Some(Self::Everything);
        }
        let (address, length) = match entry.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (without_brackets(entry), None),
        };
        if let Ok(address) = address.parse::<IpAddr>() {
            let longest = if address.is_ipv4() { 32 } else { 128 };
            let length = length.map_or(Some(longest), |length| length.parse().ok())?;
            return (length <= longest).then_some(Self::Network(address, length));
        }
        let domain = entry.strip_prefix('*').filter(|domain| domain.starts_with('.')).unwrap_or(entry);
        let domain = domain.strip_prefix('.').unwrap_or(domain);
        (!domain.is_empty()).then(|| Self::Domain(domain.to_ascii_lowercase()))
    }

    fn contains(&self, host: &str, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Self::Everything, _) => true,
            (Self::Network(IpAddr::V4(network), length), Some(IpAddr::V4(address))) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= *length
            }
            (Self::Network(IpAddr::V6(network), length), Some(IpAddr::V6(address))) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= *length
            }
            (Self::Domain(domain), None) => {
                let host = host.to_ascii_lowercase();
                let below = host.strip_suffix(domain.as_str());
                below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
            _ => false,
        }
    }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_excludes_names_with_their_subdomains_addresses_networks_or_everything() {
        const HOSTS: [&str; 7] = [
            "service.example",
            "below.service.example",
            "beside-service.example",
            "192.0.2.1",
            "192.0.3.1",
            "[2001:db8::1]",
            "[2001:db9::1]",
        ];
        for (list, excluded) in [
            ("", [].as_slice()),
            (" , ", &[]),
            ("*", &HOSTS),
            ("nothing, *", &HOSTS),
            ("service.example", &HOSTS[..2]),
            ("Service.EXAMPLE", &HOSTS[..2]),
            (".service.example", &HOSTS[..2]),
            ("*.service.example", &HOSTS[..2]),
            ("*service.example", &[]),
            (".", &[]),
            ("example", &HOSTS[..3]),
            ("service.example:443", &[]),
            ("192.0.2.1", &HOSTS[3..4]),
            ("192.0.2.7/24", &HOSTS[3..4]),
            ("192.0.2.0/23", &HOSTS[3..5]),
            ("0.0.0.0/0", &HOSTS[3..5]),
            ("192.0.2.1/33", &[]),
            ("192.0.2.1/", &[]),
            ("2001:db8::1", &HOSTS[5..6]),
            ("[2001:db8::1]", &HOSTS[5..6]),
            ("2001:db8::/31", &HOSTS[5..7]),
            ("::/0", &HOSTS[5..7]),
            ("192.0.2.1,[2001:db8::1]", &[HOSTS[3], HOSTS[5]]),
        ] {
            let list_read = NoProxy::parse(list);
            let found: Vec<_> = HOSTS.into_iter().filter(|host| list_read.contains(host)).collect();
            assert_eq!(found, excluded, "{list:?}");
        }
        assert!(!NoProxy::parse("below.service.example").contains("service.example"));
    }
}
