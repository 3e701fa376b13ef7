//! [`NoProxy`]: the hosts that the environment excludes from its proxy.

use std::{
    error::Error,
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

/// The list in `NO_PROXY`, read as curl reads it, with what other programs allow: a port, `*.` before a
/// domain, `*` for the last numbers of an IPv4 address, a network mask, and semicolons between entries.
#[derive(Debug)]
pub(super) struct NoProxy {
    entries: Vec<Entry>,
    unreadable: Option<Unreadable>,
}

/// The first entry without a plain meaning. It is named by its position, since it may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unreadable {
    position: usize,
    problem: &'static str,
}

#[derive(Debug, PartialEq, Eq)]
struct Entry {
    hosts: Hosts,
    /// `None` for every port.
    port: Option<u16>,
}

#[derive(Debug, PartialEq, Eq)]
enum Hosts {
    All,
    /// A name without its leading dot; it covers all subdomains too.
    Domain(String),
    /// The addresses that share the first bits; a single address shares all of them.
    Network(IpAddr, u32),
}

impl NoProxy {
    /// Reads entries with commas, semicolons or blanks between them.
    pub(super) fn parse(list: &str) -> Self {
        let (mut entries, mut unreadable) = (Vec::new(), None);
        let texts = list.split([',', ';']).flat_map(str::split_whitespace);
        for (index, text) in texts.enumerate() {
            match Entry::parse(text) {
                Ok(entry) => entries.push(entry),
                Err(problem) => {
                    unreadable.get_or_insert(Unreadable { position: index + 1, problem });
                }
            }
        }
        Self { entries, unreadable }
    }

    /// Whether it excludes `port` of `host`, which may be an IPv6 address in brackets.
    ///
    /// # Errors
    /// [`Unreadable`] if no readable entry excludes it and one entry cannot be read, which may be meant to.
    pub(super) fn excludes(&self, host: &str, port: u16) -> Result<bool, Unreadable> {
        let address = without_brackets(host).parse().ok();
        match self.unreadable {
            _ if self.entries.iter().any(|entry| entry.contains(host, address, port)) => Ok(true),
            Some(unreadable) => Err(unreadable),
            None => Ok(false),
        }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "has an entry that cannot be read: number {} {}", self.position, self.problem)
    }
}

impl Error for Unreadable {}

impl Entry {
    fn parse(entry: &str) -> Result<Self, &'static str> {
        if entry.contains("//") || entry.contains('@') {
            return Err("is a URL; write the host alone");
        }
        // Only an IPv6 address without brackets has more than one colon, and no port.
        let is_ipv6 = entry.parse::<Ipv6Addr>().is_ok() || entry.contains('/');
        let (hosts, port) = match entry.rsplit_once(':').filter(|_| !is_ipv6 && !entry.ends_with(']')) {
            Some((hosts, port)) => (hosts, Some(port_of(port).ok_or(NO_PORT)?)),
            None => (entry, None),
        };
        Ok(Self { hosts: Hosts::parse(hosts)?, port })
    }

    fn contains(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        self.port.is_none_or(|own| own == port) && self.hosts.contain(host, address)
    }
}

impl Hosts {
    fn parse(hosts: &str) -> Result<Self, &'static str> {
        if hosts == "*" {
            return Ok(Self::All);
        }
        let hosts = without_brackets(hosts);
        if let Some((address, length)) = hosts.split_once('/') {
            return network(without_brackets(address), length).ok_or("is not a network");
        }
        if let Ok(address) = hosts.parse::<IpAddr>() {
            return Ok(Self::Network(address, longest(address)));
        }
        if let Some(network) = network_of_stars(hosts) {
            return Ok(network);
        }
        let domain = hosts.strip_prefix('*').filter(|domain| domain.starts_with('.')).unwrap_or(hosts);
        let domain = without_last_dot(domain.strip_prefix('.').unwrap_or(domain));
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let last = domain.rsplit('.').next().unwrap_or_default();
        let is_number = last.bytes().all(|byte| byte.is_ascii_digit()) || last.starts_with("0x");
        if is_number || !domain.split('.').all(is_label) {
            return Err("is neither a host name nor an address nor a network");
        }
        Ok(Self::Domain(domain.to_ascii_lowercase()))
    }

    fn contain(&self, host: &str, address: Option<IpAddr>) -> bool {
        match (self, address) {
            (Self::All, _) => true,
            (Self::Network(IpAddr::V4(network), length), Some(IpAddr::V4(address))) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= *length
            }
            (Self::Network(IpAddr::V6(network), length), Some(IpAddr::V6(address))) => {
                let differing = network.to_bits() ^ address.to_bits();
                differing.leading_zeros() >= *length
            }
            (Self::Domain(domain), None) => {
                let host = without_last_dot(host).to_ascii_lowercase();
                let below = host.strip_suffix(domain.as_str());
                below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
            }
            _ => false,
        }
    }
}

/// The network of an address and a length in bits or, for IPv4, a mask.
fn network(address: &str, length: &str) -> Option<Hosts> {
    let address: IpAddr = address.parse().ok()?;
    let mask = length.parse::<Ipv4Addr>().ok().filter(|_| address.is_ipv4()).map(Ipv4Addr::to_bits);
    let length = match mask {
        Some(mask) if mask.leading_ones() + mask.trailing_zeros() == 32 => mask.leading_ones(),
        Some(_) => return None,
        // `parse` alone would accept a plus sign.
        None => length.parse().ok().filter(|_| length.bytes().all(|byte| byte.is_ascii_digit()))?,
    };
    (length <= longest(address)).then_some(Hosts::Network(address, length))
}

/// The network of an IPv4 address whose last numbers are stars: `10.*`, `192.168.*.*`.
fn network_of_stars(hosts: &str) -> Option<Hosts> {
    let numbers = hosts.split('.').take_while(|part| *part != "*").collect::<Vec<_>>();
    let stars = hosts.split('.').skip(numbers.len()).collect::<Vec<_>>();
    let is_network = (1..=3).contains(&numbers.len())
        && (1..=4 - numbers.len()).contains(&stars.len())
        && stars.iter().all(|part| *part == "*");
    if !is_network {
        return None;
    }
    let first = [numbers.as_slice(), &["0", "0", "0"]].concat()[..4].join(".");
    let address: Ipv4Addr = first.parse().ok()?;
    Some(Hosts::Network(address.into(), 8 * u32::try_from(numbers.len()).ok()?))
}

const fn longest(address: IpAddr) -> u32 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn port_of(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|port| is_number && *port > 0)
}

fn without_last_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

const NO_PORT: &str = "has a port that is not a number from 1 to 65535";

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
            ("service.example.", &HOSTS[..2]),
            ("example", &HOSTS[..3]),
            ("service.example:443", &HOSTS[..2]),
            (".service.example:443", &HOSTS[..2]),
            ("service.example:8443", &[]),
            ("192.0.2.1:443", &HOSTS[3..4]),
            ("[2001:db8::1]:443", &HOSTS[5..6]),
            ("[2001:db8::1]:8443", &[]),
            ("[2001:db8::/32]", &HOSTS[5..6]),
            ("[192.0.2.0/24]", &HOSTS[3..4]),
            ("[service.example]", &HOSTS[..2]),
            ("*:443", &HOSTS),
            ("other.example;service.example", &HOSTS[..2]),
            ("other.example service.example\r", &HOSTS[..2]),
            ("192.*", &HOSTS[3..5]),
            ("192.0.*", &HOSTS[3..5]),
            ("192.0.2.*", &HOSTS[3..4]),
            ("192.0.*.*", &HOSTS[3..5]),
            ("10.*", &[]),
            ("192.0.2.0/255.255.255.0", &HOSTS[3..4]),
            ("192.0.2.1", &HOSTS[3..4]),
            ("192.0.2.7/24", &HOSTS[3..4]),
            ("192.0.2.0/23", &HOSTS[3..5]),
            ("0.0.0.0/0", &HOSTS[3..5]),
            ("2001:db8::1", &HOSTS[5..6]),
            ("[2001:db8::1]", &HOSTS[5..6]),
            ("2001:db8::/31", &HOSTS[5..7]),
            ("::/0", &HOSTS[5..7]),
            ("192.0.2.1,[2001:db8::1]", &[HOSTS[3], HOSTS[5]]),
        ] {
            let list_read = NoProxy::parse(list);
            let found: Vec<_> =
                HOSTS.into_iter().filter(|host| list_read.excludes(host, 443).unwrap()).collect();
            assert_eq!(found, excluded, "{list:?}");
        }
        assert_eq!(NoProxy::parse("below.service.example").excludes("service.example", 443), Ok(false));
        assert_eq!(NoProxy::parse("service.example").excludes("service.example.", 443), Ok(true));
    }

    #[test]
    fn an_entry_without_a_plain_meaning_is_told_for_the_hosts_that_no_other_entry_excludes() {
        for entry in [
            "*service.example",
            "service.*",
            "*.*",
            "*.10",
            "10.",
            "10.1",
            "10.*.1",
            "10.*.*.*.*",
            "10.0.0.0/+8",
            "256.*",
            ".",
            "a..b",
            "<local>",
            "https://service.example",
            "user:hunter2@service.example",
            "service.example:",
            "service.example:0",
            "service.example:https",
            "service.example:443:443",
            "[2001:db8::1",
            "[2001:db8::1]:x",
            "192.0.2.1/33",
            "192.0.2.1/",
            "192.0.2.0/255.0.255.0",
            "10/8",
            "2001:db8::1%eth0",
            "s\u{e9}rvice.example",
        ] {
            let list = NoProxy::parse(&format!("below.example, {entry}"));
            assert_eq!(list.excludes("below.example", 443), Ok(true), "{entry}");
            let told = list.excludes("service.example", 443).unwrap_err().to_string();
            assert!(told.starts_with("has an entry that cannot be read: number 2 "), "{told}");
            assert!(!told.contains("hunter2"), "{told}");
        }
    }
}
